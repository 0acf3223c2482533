package dev.minke.model.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.minke.model.hub.Spans.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A hub on this machine that breaks on demand. It has one repository.
final class FakeHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    static final String MODEL = "acme/small";

    /// A request as it arrived.
    ///
    /// @param storage whether at the second port, where files are kept
    record Seen(String method, String path, String range, String authorization, boolean storage) {
        boolean isFor(String file) {
            return path.endsWith("/" + file);
        }
    }

    /// Answers in place of the hub.
    @FunctionalInterface
    interface Fault {
        /// @param asked the bytes that are asked for
        /// @return whether it answered
        boolean answer(HttpExchange exchange, byte[] content, Span asked) throws IOException;
    }

    final Map<String, byte[]> files = new LinkedHashMap<>();
    final Map<String, String> names = new LinkedHashMap<>(); // what the listing says instead
    final List<Seen> seen = Collections.synchronizedList(new ArrayList<>());
    final AtomicInteger most = new AtomicInteger(); // requests for files at a time
    private final AtomicInteger now = new AtomicInteger();
    private final HttpServer hub;
    private final HttpServer storage;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    volatile Fault fault = (_, _, _) -> false;
    volatile Fault apiFault = (_, _, _) -> false;
    volatile boolean redirects;
    volatile boolean sizes = true;
    volatile boolean hashes = true;
    volatile String commit = COMMIT;

    FakeHub() throws IOException {
        hub = start(false);
        storage = start(true);
    }

    private HttpServer start(boolean isStorage) throws IOException {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(executor);
        server.createContext(
                "/",
                exchange -> {
                    try (exchange) {
                        handle(exchange, isStorage);
                    }
                });
        server.start();
        return server;
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
    }

    URI storageEndpoint() {
        return URI.create("http://127.0.0.1:" + storage.getAddress().getPort());
    }

    /// Settings with little patience.
    HubSettings settings() {
        return HubSettings.of(endpoint())
                .withPatience(
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(5),
                        new Backoff(
                                6,
                                Duration.ofMillis(2),
                                Duration.ofMillis(10),
                                Duration.ofSeconds(100)));
    }

    /// Bytes of random content, the same for the same seed.
    static byte[] random(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    FakeHub with(String name, byte[] content) {
        files.put(name, content);
        return this;
    }

    FakeHub with(String name, String content) {
        return with(name, content.getBytes(StandardCharsets.UTF_8));
    }

    List<Seen> requests(String file) {
        synchronized (seen) {
            return seen.stream().filter(s -> s.isFor(file)).toList();
        }
    }

    private void handle(HttpExchange exchange, boolean isStorage) throws IOException {
        String path = exchange.getRequestURI().getPath();
        var headers = exchange.getRequestHeaders();
        String range = headers.getFirst("Range");
        String authorization = headers.getFirst("Authorization");
        seen.add(
                new Seen(
                        exchange.getRequestMethod(),
                        path,
                        range == null ? "" : range,
                        authorization == null ? "" : authorization,
                        isStorage));
        if (path.startsWith("/api/models/")) {
            if (!apiFault.answer(exchange, new byte[0], new Span(0, 0))) {
                api(exchange, path);
            }
            return;
        }
        byte[] content = files.get(path.replaceFirst("^/[^/]+/[^/]+/(?:resolve|raw)/[^/]+/", ""));
        if (content == null) {
            error(exchange, 404, "EntryNotFound", "Entry not found");
            return;
        }
        if (redirects && !isStorage) {
            if (exchange.getRequestMethod().equals("HEAD")) {
                exchange.getResponseHeaders().add("X-Linked-Etag", "\"" + sha256(content) + "\"");
            }
            exchange.getResponseHeaders().add("Location", storageEndpoint() + path + "?signed=1");
            exchange.sendResponseHeaders(302, -1);
            return;
        }
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().add("X-Repo-Commit", commit);
            exchange.getResponseHeaders().add("ETag", "W/\"" + gitSha1(content) + "\"");
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        most.accumulateAndGet(now.incrementAndGet(), Math::max);
        try {
            serve(exchange, content, range);
        } finally {
            now.decrementAndGet();
        }
    }

    private void serve(HttpExchange exchange, byte[] content, String range) throws IOException {
        Span asked = new Span(0, content.length);
        if (range != null) {
            Matcher matcher = Pattern.compile("bytes=(\\d+)-(\\d+)").matcher(range);
            if (!matcher.matches()) {
                exchange.sendResponseHeaders(400, -1);
                return;
            }
            asked =
                    new Span(
                            Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)) + 1);
        }
        if (!fault.answer(exchange, content, asked)) {
            send(exchange, content, asked, range != null, asked.length());
        }
    }

    /// Answer with a span, of which only the first bytes are sent before the connection breaks.
    static void send(HttpExchange exchange, byte[] content, Span span, boolean ranged, long sent)
            throws IOException {
        if (ranged) {
            exchange.getResponseHeaders()
                    .add(
                            "Content-Range",
                            "bytes %d-%d/%d".formatted(span.from(), span.to() - 1, content.length));
        }
        exchange.sendResponseHeaders(ranged ? 206 : 200, span.length() == 0 ? -1 : span.length());
        if (span.length() > 0) {
            exchange.getResponseBody()
                    .write(content, (int) span.from(), (int) Math.min(sent, span.length()));
            exchange.getResponseBody().flush();
        }
    }

    static void error(HttpExchange exchange, int status, String code, String message)
            throws IOException {
        if (!code.isEmpty()) {
            exchange.getResponseHeaders().add("X-Error-Code", code);
        }
        exchange.getResponseHeaders().add("X-Error-Message", message);
        exchange.sendResponseHeaders(status, -1);
    }

    static void json(HttpExchange exchange, String json) throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private void api(HttpExchange exchange, String path) throws IOException {
        String base = "/api/models/" + MODEL;
        if (path.startsWith(base + "/revision/")) {
            String siblings =
                    files.entrySet().stream()
                            .map(e -> sibling(e.getKey(), e.getValue()))
                            .collect(Collectors.joining(","));
            json(
                    exchange,
                    "{\"id\":\"%s\",\"sha\":\"%s\",\"siblings\":[%s]}"
                            .formatted(MODEL, commit, siblings));
        } else if (path.startsWith(base + "/tree/")) {
            tree(exchange, path);
        } else {
            error(exchange, 401, "RepoNotFound", "Repository not found");
        }
    }

    private String sibling(String name, byte[] content) {
        String listed = names.getOrDefault(name, name);
        if (!sizes) {
            return "{\"rfilename\":\"%s\"}".formatted(listed);
        }
        if (!hashes) {
            return "{\"rfilename\":\"%s\",\"size\":%d}".formatted(listed, content.length);
        }
        return isLarge(name)
                ? "{\"rfilename\":\"%s\",\"size\":%d,\"blobId\":\"%s\",\"lfs\":{\"sha256\":\"%s\",\"size\":%d,\"pointerSize\":134}}"
                        .formatted(
                                listed,
                                content.length,
                                "f".repeat(40),
                                sha256(content),
                                content.length)
                : "{\"rfilename\":\"%s\",\"size\":%d,\"blobId\":\"%s\"}"
                        .formatted(listed, content.length, gitSha1(content));
    }

    /// Two entries to a page.
    private void tree(HttpExchange exchange, String path) throws IOException {
        String query = String.valueOf(exchange.getRequestURI().getQuery());
        Matcher cursor = Pattern.compile("cursor=(\\d+)").matcher(query);
        int from = cursor.find() ? Integer.parseInt(cursor.group(1)) : 0;
        List<String> all = new ArrayList<>(files.keySet());
        int to = Math.min(all.size(), from + 2);
        if (to < all.size()) {
            exchange.getResponseHeaders()
                    .add(
                            "Link",
                            "<https://huggingface.co%s?recursive=true&cursor=%d>; rel=\"next\""
                                    .formatted(path, to));
        }
        String entries =
                all.subList(from, to).stream().map(this::entry).collect(Collectors.joining(","));
        json(exchange, "[{\"type\":\"directory\",\"path\":\"d\",\"size\":0}," + entries + "]");
    }

    private String entry(String name) {
        byte[] content = files.get(name);
        return isLarge(name)
                ? "{\"type\":\"file\",\"path\":\"%s\",\"size\":%d,\"oid\":\"%s\",\"lfs\":{\"oid\":\"%s\",\"size\":%d}}"
                        .formatted(
                                name,
                                content.length,
                                "f".repeat(40),
                                sha256(content),
                                content.length)
                : "{\"type\":\"file\",\"path\":\"%s\",\"size\":%d,\"oid\":\"%s\"}"
                        .formatted(name, content.length, gitSha1(content));
    }

    private static boolean isLarge(String name) {
        return name.endsWith(".safetensors") || name.endsWith(".gguf");
    }

    static String sha256(byte[] content) {
        return digest("SHA-256", new byte[0], content);
    }

    static String gitSha1(byte[] content) {
        return digest(
                "SHA-1",
                ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII),
                content);
    }

    private static String digest(String algorithm, byte[] head, byte[] content) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            digest.update(head);
            return HexFormat.of().formatHex(digest.digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        hub.stop(0);
        storage.stop(0);
        executor.shutdownNow();
    }
}
