package dev.minke.model.hub;

import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which proxies to go through, in the form of the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
///
/// @param https for https addresses
/// @param http for http addresses
/// @param direct hosts that are reached without a proxy: names with all their subdomains, `*` for
///   every host
public record ProxySettings(Optional<URI> https, Optional<URI> http, List<String> direct) {
    public ProxySettings {
        direct = List.copyOf(direct);
    }

    /// Go directly.
    public static ProxySettings none() {
        return new ProxySettings(Optional.empty(), Optional.empty(), List.of());
    }

    /// Read the values of the variables; empty ones mean no proxy.
    ///
    /// @throws IllegalArgumentException for a proxy that is no `http://[user:password@]host:port`
    public static ProxySettings of(String https, String http, String noProxy) {
        return new ProxySettings(
                proxy("HTTPS_PROXY", https),
                proxy("HTTP_PROXY", http),
                Arrays.stream(noProxy.split("[,\\s]+"))
                        .filter(host -> !host.isEmpty())
                        .map(host -> host.toLowerCase(Locale.ROOT))
                        .toList());
    }

    /// Whether a proxy wants a name and password.
    public boolean authenticates() {
        return https.filter(p -> p.getRawUserInfo() != null).isPresent()
                || http.filter(p -> p.getRawUserInfo() != null).isPresent();
    }

    private static Optional<URI> proxy(String variable, String value) {
        if (value.isBlank()) {
            return Optional.empty();
        }
        String text = value.strip();
        try {
            URI uri = URI.create(text.contains("://") ? text : "http://" + text);
            if ("http".equalsIgnoreCase(uri.getScheme()) && uri.getHost() != null) {
                return Optional.of(uri);
            }
        } catch (IllegalArgumentException _) {
            // falls through: the value may hold a password and is not repeated
        }
        throw new IllegalArgumentException(
                variable + " is not usable, expected http://[user:password@]host:port");
    }

    /// The proxy for `target`, nothing if it is reached directly.
    Optional<URI> forTarget(URI target) {
        Optional<URI> proxy = "https".equalsIgnoreCase(target.getScheme()) ? https : http;
        if (proxy.isEmpty() || isLoopback(target)) {
            return Optional.empty();
        }
        String host = Objects.requireNonNullElse(target.getHost(), "").toLowerCase(Locale.ROOT);
        for (String entry : direct) {
            String name = entry.replaceFirst(":\\d+$", "").replaceFirst("^\\*?\\.", "");
            if (entry.equals("*") || host.equals(name) || host.endsWith("." + name)) {
                return Optional.empty();
            }
        }
        return proxy;
    }

    static boolean isLoopback(URI target) {
        String host = Objects.requireNonNullElse(target.getHost(), "").toLowerCase(Locale.ROOT);
        return host.equals("localhost") || host.equals("[::1]") || host.matches("127(\\.\\d+){3}");
    }

    ProxySelector selector() {
        return new Selector(this);
    }

    /// Answers proxies only, never the hosts behind them.
    Authenticator authenticator() {
        return new ProxyAuthenticator(this);
    }

    private static int port(URI proxy) {
        return proxy.getPort() < 0 ? 80 : proxy.getPort();
    }

    private static final class Selector extends ProxySelector {
        private final ProxySettings settings;

        Selector(ProxySettings settings) {
            this.settings = settings;
        }

        @Override
        public List<Proxy> select(URI target) {
            return settings.forTarget(target)
                    .map(proxy ->
                            List.of(
                                    new Proxy(
                                            Proxy.Type.HTTP,
                                            new InetSocketAddress(proxy.getHost(), port(proxy)))))
                    .orElse(List.of(Proxy.NO_PROXY));
        }

        @Override
        public void connectFailed(URI target, SocketAddress proxy, IOException e) {
            // the request itself fails too, and says so
        }
    }

    private static final class ProxyAuthenticator extends Authenticator {
        private final ProxySettings settings;

        ProxyAuthenticator(ProxySettings settings) {
            this.settings = settings;
        }

        @Override
        protected @Nullable PasswordAuthentication getPasswordAuthentication() {
            if (getRequestorType() != RequestorType.PROXY) {
                return null;
            }
            return settings.https
                    .filter(this::asks)
                    .or(() -> settings.http.filter(this::asks))
                    .map(ProxyAuthenticator::password)
                    .orElse(null);
        }

        private boolean asks(URI proxy) {
            return proxy.getRawUserInfo() != null
                    && proxy.getHost().equalsIgnoreCase(getRequestingHost())
                    && port(proxy) == getRequestingPort();
        }

        private static PasswordAuthentication password(URI proxy) {
            String[] parts = proxy.getRawUserInfo().split(":", 2);
            return new PasswordAuthentication(
                    decode(parts[0]),
                    parts.length < 2 ? new char[0] : decode(parts[1]).toCharArray());
        }

        private static String decode(String text) {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        }
    }
}
