package com.example.lab;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.User.UserBuilder;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;

/** The server as Spring Boot configures it; clients and the rest are in application.properties. */
@SpringBootApplication
public class Application {

    public static void main(String[] arguments) {
        SpringApplication.run(Application.class, arguments);
    }

    @Bean
    UserDetailsService users(
            @Value("${lab.user}") String user,
            @Value("${lab.disabled-user}") String disabledUser,
            @Value("${lab.password}") String password) {
        return new InMemoryUserDetailsManager(
                named(user, password).build(), named(disabledUser, password).disabled(true).build());
    }

    private static UserBuilder named(String name, String password) {
        return User.withUsername(name).password("{noop}" + password).roles("USER");
    }
}
