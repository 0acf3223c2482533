package dev.minke.model.hub;

import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// How to reach a hub.
///
/// @param endpoint http or https address of the hub, without a slash at its end
/// @param token sent as bearer token to this endpoint and to no other host
/// @param proxy how to get there
/// @param userAgent what the client calls itself
/// @param connectTimeout for a connection
/// @param stallTimeout without a byte of an answer
/// @param backoff when that fails
public record HubSettings(
        URI endpoint,
        Optional<String> token,
        ProxySettings proxy,
        String userAgent,
        Duration connectTimeout,
        Duration stallTimeout,
        Backoff backoff) {
    /// The hub that models come from unless another is named.
    public static final URI HUGGING_FACE = URI.create("https://huggingface.co");

    private static final Pattern VISIBLE = Pattern.compile("[\\x21-\\x7e]+");

    /// @throws IllegalArgumentException for an endpoint that is no http address, or a token with
    ///   characters that no header can carry
    public HubSettings {
        endpoint = checked(endpoint);
        if (token.isPresent() && !VISIBLE.matcher(token.get()).matches()) {
            throw new IllegalArgumentException(
                    "the hub's token contains spaces, line ends or characters outside ASCII");
        }
    }

    /// The usual settings for a hub without a token.
    public static HubSettings of(URI endpoint) {
        return new HubSettings(
                endpoint,
                Optional.empty(),
                ProxySettings.none(),
                "minke",
                Duration.ofSeconds(20),
                Duration.ofSeconds(60),
                Backoff.standard());
    }

    /// These settings with a token.
    public HubSettings withToken(String value) {
        return new HubSettings(
                endpoint,
                Optional.of(value),
                proxy,
                userAgent,
                connectTimeout,
                stallTimeout,
                backoff);
    }

    /// These settings with other proxies.
    public HubSettings withProxy(ProxySettings value) {
        return new HubSettings(
                endpoint, token, value, userAgent, connectTimeout, stallTimeout, backoff);
    }

    /// These settings with another name of the client.
    public HubSettings withUserAgent(String value) {
        return new HubSettings(
                endpoint, token, proxy, value, connectTimeout, stallTimeout, backoff);
    }

    /// These settings with other limits of patience.
    public HubSettings withPatience(Duration connect, Duration stall, Backoff value) {
        return new HubSettings(endpoint, token, proxy, userAgent, connect, stall, value);
    }

    /// Whether the token may go there: over TLS, or to this machine itself.
    public boolean sendsToken() {
        return token.isPresent()
                && ("https".equals(endpoint.getScheme()) || ProxySettings.isLoopback(endpoint));
    }

    private static URI checked(URI endpoint) {
        String scheme =
                endpoint.getScheme() == null ? "" : endpoint.getScheme().toLowerCase(Locale.ROOT);
        boolean usable =
                (scheme.equals("http") || scheme.equals("https"))
                        && endpoint.getHost() != null
                        && endpoint.getRawUserInfo() == null
                        && endpoint.getRawQuery() == null
                        && endpoint.getRawFragment() == null;
        if (!usable) {
            throw new IllegalArgumentException(
                    "hub endpoint \"%s\", expected an address such as %s"
                            .formatted(endpoint, HUGGING_FACE));
        }
        return URI.create(
                scheme
                        + "://"
                        + endpoint.getRawAuthority().toLowerCase(Locale.ROOT)
                        + endpoint.getRawPath().replaceFirst("/+$", ""));
    }
}
