-- Secrets never land. `redact` takes them out of text; `clean` is what stored columns go through:
-- it asks a cheap question first, since most text holds nothing of the kind.

-- Parameter names whose value is a secret, in queries, forms, JSON, headers and prose.
CREATE MACRO secret_names() AS
    'access_?token|refresh_?token|id_?token(?:_hint)?|subject_token|actor_token|logout_token|login_hint_token|csrf_?token|xsrf_?token|session_?token|auth_?token|token|jwt|client_?secret(?:_?key)?|client_?assertion|assertion|samlresponse|samlrequest|saml_?assertion|secret(?:_?key)?|password|passwd|passphrase|passcode|pwd|otp|totp|code_?verifier|code_?challenge|device_?code|user_?code|auth(?:orization)?_?code|code|state|nonce|ticket|rpt|auth_req_id|x?-?api[_-]?key|apikey|subscription-?key|signature|sig|credentials?|private_?key|session_?state|jsessionid|phpsessid|session_?id|sid|request_uri|registration_access_token|software_statement|dpop|cookies?|set-cookie';

-- Values that stand in a place of a secret and are none.
-- `token: oauth2: ...` and `signature: x509: ...` are errors of Go's libraries, handed on.
CREATE MACRO redact_pairs(text) AS
    replace(regexp_replace(regexp_replace(regexp_replace(text, '(:\s+)(oauth|x)(2|509)(:\s)', '\1\2' || chr(1) || '\3\4', 'g'),
        -- key=value, key%3Dvalue, key%253Dvalue
        '(?i)(^|[^a-z0-9_]|%(?:25)*[0-9a-f]{2})((?:' || secret_names() || ')\s*(?:=|%(?:25)*3D)\s*)(?:"[^"]*"|\\"[^"]*|''[^'']*''|[^&\s"''<>;,(){}\[\]%\\]*(?:%(?:25)*(?:[013-9a-f][0-9a-f]|2[0-57-9a-f])[^&\s"''<>;,(){}\[\]%\\]*)*)',
        '\1\2[redacted]', 'g'),
        -- "key": "value", key: value (a value in prose is only one when it looks like one)
        '(?i)(^|[^a-z0-9_])((?:' || secret_names() || ')(?:\\*["''])?\s*(?::|%(?:25)*3A)\s*)(?:\\+"(?:[^"\\]|\\[^"])*\\+"|"(?:[^"\\]|\\.)*"|''[^'']*''|(?:[a-z_.~+/-]+[0-9]|[0-9]+[a-z_~+/-])[^\s"''<>;,(){}\[\]]*)',
        '\1\2[redacted]', 'g'), chr(1), '');

CREATE MACRO redact(text) AS
    regexp_replace(redact_pairs(regexp_replace(regexp_replace(regexp_replace(regexp_replace(text,
        -- a JWT, whole or cut
        'eyJ[A-Za-z0-9_=-]{6,}(?:(?:\.|%2[eE])[A-Za-z0-9_=-]*)*', '[redacted]', 'g'),
        -- Authorization and Cookie values whole
        '(?i)((?:proxy-)?authorization|cookie|set-cookie)((?:\\*["''])?\s*(?:=|:|%(?:25)*3[AD])\s*\\*["'']?)(?:[A-Za-z]+(?:\s|\+|%(?:25)*20)+)?[^\s"''<>,;}\]&]+(?:;\s*[^\s"''<>,}\]&;]+)*', '\1\2[redacted]', 'g'),
        -- an authentication scheme and its credentials
        '((?i:bearer|basic|dpop|negotiate|digest)(?:\s|\+|%(?:25)*20)+)[a-z._~+/-]*[A-Z0-9][A-Za-z0-9._~+/=-]{5,}', '\1[redacted]', 'g'),
        -- user information of a URL
        '(?i)([a-z][a-z0-9+.-]*://)[^/\s@:]*:[^/\s@]*@', '\1[redacted]@', 'g')),
        -- what is too long to be a UUID or a digest of 32 digits, and is no plain word either
        '[a-z_~+-]*[A-Z0-9][A-Za-z0-9_~+-]{36,}(?:\.[A-Za-z0-9_~+=-]+)*=*|[a-z_-]*[A-Z0-9][A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{16,}(?:\.[A-Za-z0-9_-]+)*', '[redacted]', 'g');

CREATE MACRO names_secret(text) AS
    regexp_matches(text, '(?i)eyJ|bearer|basic|dpop|negotiate|digest|cookie|authorization|[=:]|%(?:25)*3[AD]');

CREATE MACRO may_hold_secret(text) AS
    CASE WHEN strlen(text) < 40 THEN names_secret(text)
         ELSE regexp_matches(text, '[A-Za-z0-9_~+-]{40,}|[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{16,}')
              OR names_secret(text) END;

CREATE MACRO clean(text) AS CASE WHEN may_hold_secret(text) THEN redact(text) ELSE text END;

-- A name and nothing else: no credentials of a URL, no parameters, no JWT.
CREATE MACRO is_identifier(text) AS
    regexp_full_match(text, '[A-Za-z0-9._~+-]+|[a-z][a-z0-9+.-]*://[A-Za-z0-9._~/+-]+|urn:[A-Za-z0-9._:-]+')
    AND NOT contains(text, 'eyJ');

-- Keyed pseudonyms and fingerprints: the same input under the same key gives the same id.
CREATE MACRO keyed_id(prefix, value) AS
    prefix || left(sha256(getvariable('pseudonym_key') || value), 16);
