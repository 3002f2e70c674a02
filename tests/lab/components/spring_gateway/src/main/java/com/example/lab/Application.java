package com.example.lab;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.config.web.server.ServerHttpSecurity.CsrfSpec;
import org.springframework.security.config.web.server.ServerHttpSecurity.LogoutSpec;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.context.NoOpServerSecurityContextRepository;
import org.springframework.security.web.server.util.matcher.PathPatternParserServerWebExchangeMatcher;

/** The gateway as Spring Boot configures it; routes and the rest are in application.properties. */
@SpringBootApplication
public class Application {

    public static void main(String[] arguments) {
        SpringApplication.run(Application.class, arguments);
    }

    @Bean
    SecurityWebFilterChain api(ServerHttpSecurity http, ReactiveJwtDecoder decoder) {
        return checked(http, "/api/**", decoder);
    }

    @Bean
    SecurityWebFilterChain keyless(ServerHttpSecurity http, @Value("${lab.keyless}") String keys) {
        return checked(http, "/keyless/**", NimbusReactiveJwtDecoder.withJwkSetUri(keys).build());
    }

    private static SecurityWebFilterChain checked(
            ServerHttpSecurity http, String path, ReactiveJwtDecoder decoder) {
        return http.securityMatcher(new PathPatternParserServerWebExchangeMatcher(path))
                .csrf(CsrfSpec::disable)
                .logout(LogoutSpec::disable)
                .securityContextRepository(NoOpServerSecurityContextRepository.getInstance())
                .authorizeExchange(exchanges -> exchanges.anyExchange().hasAuthority("SCOPE_orders"))
                .oauth2ResourceServer(server -> server.jwt(jwt -> jwt.jwtDecoder(decoder)))
                .build();
    }
}
