package dev.minke.model.hub;

import dev.minke.model.hub.Spans.Span;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Requests to a hub and to where it sends on.
///
/// Redirects are followed by hand, because the token is for the endpoint alone: a request that is
/// sent on to a storage host carries none. Requests are HTTP/1.1, one connection each, since
/// parallel ranges in one HTTP/2 connection would share its window. Safe for use by several
/// threads.
final class HubHttp implements AutoCloseable {
    private static final int MOST_REDIRECTS = 5;

    private final HubSettings settings;
    private final HttpClient http;
    private final Set<HubBody> bodies = ConcurrentHashMap.newKeySet();
    private final Thread watch;

    HubHttp(HubSettings settings) {
        this.settings = settings;
        HttpClient.Builder builder =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(settings.connectTimeout())
                        .proxy(settings.proxy().selector());
        if (settings.proxy().authenticates()) {
            builder.authenticator(settings.proxy().authenticator());
        }
        http = builder.build();
        watch = Thread.ofVirtual().name("hub-watch").start(this::watchBodies);
    }

    /// What a server says.
    ///
    /// @param uri where, after redirects
    /// @param response headers, and a body that is to be closed
    record Answer(URI uri, HttpResponse<InputStream> response) {
        int status() {
            return response.statusCode();
        }

        InputStream in() {
            return response.body();
        }

        Optional<String> header(String name) {
            return response.headers().firstValue(name);
        }

        void close() {
            try {
                response.body().close();
            } catch (IOException _) {
                // nothing of it is wanted
                return;
            }
        }
    }

    /// Ask once.
    ///
    /// @param range of bytes, or empty
    /// @param leaveEndpoint whether a redirect to another host is followed, or is the answer
    Answer send(String method, URI target, String range, boolean leaveEndpoint) throws IOException {
        URI uri = target;
        for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(uri)
                            .method(method, HttpRequest.BodyPublishers.noBody())
                            .timeout(settings.stallTimeout())
                            .header("User-Agent", settings.userAgent())
                            .header("Accept-Encoding", "identity");
            if (settings.sendsToken() && isEndpoint(uri)) {
                request.header("Authorization", "Bearer " + settings.token().orElseThrow());
            }
            if (!range.isEmpty()) {
                request.header("Range", range);
            }
            Answer answer = new Answer(uri, send(request.build()));
            Optional<String> location = answer.header("location");
            if (answer.status() < 300 || answer.status() >= 400 || location.isEmpty()) {
                return answer;
            }
            URI next = address(uri, location.get());
            if (!leaveEndpoint && !isEndpoint(next)) {
                return answer;
            }
            answer.close();
            if ("https".equals(uri.getScheme()) && !"https".equals(next.getScheme())) {
                throw new HubException(
                        "%s redirects to %s://%s, expected https"
                                .formatted(uri.getHost(), next.getScheme(), next.getHost()));
            }
            uri = next;
        }
        throw new HubException("%s redirects more than %d times".formatted(target, MOST_REDIRECTS));
    }

    private HttpResponse<InputStream> send(HttpRequest request) throws IOException {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Retries.interrupted(e);
        }
    }

    /// Resolve an address that a server names.
    static URI address(URI base, String text) throws TransientFailure {
        try {
            URI uri = base.resolve(text);
            String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
            if (uri.getHost() != null && (scheme.equals("http") || scheme.equals("https"))) {
                return uri;
            }
        } catch (IllegalArgumentException _) {
            // falls through
        }
        throw new TransientFailure(
                "%s points to \"%s\", which is no address"
                        .formatted(base.getHost(), HubFailures.cut(text)));
    }

    /// Watch over the reading of a body.
    ///
    /// @param span which bytes of a file it is
    HubBody body(InputStream in, Span span) {
        HubBody[] made = new HubBody[1];
        made[0] = new HubBody(in, span, () -> bodies.remove(made[0]));
        bodies.add(made[0]);
        return made[0];
    }

    private void watchBodies() {
        try {
            while (true) {
                Thread.sleep(settings.stallTimeout().dividedBy(4));
                bodies.forEach(body -> body.endIfSilentFor(settings.stallTimeout()));
            }
        } catch (InterruptedException _) {
            // the client is closed
            return;
        }
    }

    /// Whether the token may go there.
    boolean isEndpoint(URI uri) {
        URI endpoint = settings.endpoint();
        return endpoint.getScheme().equalsIgnoreCase(uri.getScheme())
                && endpoint.getHost().equalsIgnoreCase(uri.getHost())
                && port(endpoint) == port(uri);
    }

    private static int port(URI uri) {
        if (uri.getPort() >= 0) {
            return uri.getPort();
        }
        return "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
    }

    @Override
    public void close() {
        watch.interrupt();
        http.shutdownNow();
    }
}
