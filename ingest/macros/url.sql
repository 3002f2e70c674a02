-- URLs: bare paths, query parameters, routes.

-- The path of a request target: no scheme, host, query or fragment.
CREATE MACRO bare_path(target) AS
    split_part(split_part(
        CASE WHEN target[1] = '/' THEN target
             WHEN contains(target, '://') THEN '/' || regexp_replace(target, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*/?', '')
             ELSE target END, '?', 1), '#', 1);

-- A parameter of a query (or of a fragment, or of a form body), decoded; NULL when absent or empty.
CREATE MACRO query_param(url, name) AS
    nullif(form_decode(regexp_extract(url, '(?:^|[?&#])' || name || '=([^&#\s]*)', 1)), '');

-- A redirect URI as it may be kept: without query, fragment and user information.
CREATE MACRO plain_uri(uri) AS
    nullif(CASE WHEN contains(uri, '?') OR contains(uri, '#') OR contains(uri, '@')
                THEN regexp_replace(split_part(split_part(uri, '?', 1), '#', 1), '//[^/@]*@', '//') ELSE uri END, '');

-- A path segment that names one thing among many: numbers, UUIDs, hashes, mail addresses, tokens, and
-- what is long and has a digit. `v1`, `oauth2`, `token.oauth2` are none.
CREATE MACRO is_id(segment) AS
    regexp_full_match(segment,
        '[0-9]+|[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|(?:[^0-9]*[0-9]){4}.*|.*[@=].*|.*%40.*|.*%3[dD].*|eyJ.*')
    OR (len(segment) >= 16 AND regexp_matches(segment, '[0-9]') AND NOT regexp_full_match(segment, '[a-z]+(-[a-z]+)+-?v?[0-9]'))
    OR len(segment) > 48;

-- A bare path with its ids replaced: /users/4711/orders -> /users/{id}/orders.
CREATE MACRO route_of(path) AS
    coalesce(nullif(left(array_to_string(list_transform(
        string_split(split_part(path, ';', 1), '/')[1:13],
        lambda segment: CASE WHEN len(segment) <= 48 AND NOT regexp_matches(segment, '[0-9@=%]') THEN segment
                             WHEN is_id(segment) THEN '{id}' ELSE segment END), '/'), 200), ''), '/');
