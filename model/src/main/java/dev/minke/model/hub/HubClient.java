package dev.minke.model.hub;

import dev.minke.model.hub.HubFailures.Asked;
import dev.minke.model.hub.HubHttp.Answer;
import dev.minke.model.hub.Spans.Span;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Asks a hub what a model consists of, and for bytes of its files. Safe for use by several
/// threads.
public final class HubClient implements AutoCloseable {
    private static final int MOST_FILES = 100_000;
    private static final int MOST_PAGES = 1000;
    private static final int ATTEMPTS_TO_LIST = 4;
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{7,64}");
    private static final Pattern NEXT = Pattern.compile("<([^>]+)>\\s*;\\s*rel=\"?next\"?");
    private static final Pattern CONTENT_RANGE =
            Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

    private final HubSettings settings;
    private final Retries.Pause pause;
    private final HubHttp http;
    private final HubFailures failures;

    /// Make a client; it connects when it is asked something.
    public HubClient(HubSettings settings) {
        this(settings, (wait, stop) -> stop.await(wait.toMillis(), TimeUnit.MILLISECONDS));
    }

    HubClient(HubSettings settings, Retries.Pause pause) {
        this.settings = settings;
        this.pause = pause;
        http = new HubHttp(settings);
        failures = new HubFailures(settings, http);
    }

    /// How it was set up.
    public HubSettings settings() {
        return settings;
    }

    /// Ask what a model consists of.
    ///
    /// @param name ORG/NAME
    /// @param revision branch, tag or commit
    /// @throws HubException if there is none, or it is not for this token
    public HubRepository repository(String name, String revision) throws IOException {
        return repository(name, revision, _ -> {});
    }

    HubRepository repository(String name, String revision, Consumer<String> notes)
            throws IOException {
        String api = settings.endpoint() + "/api/models/" + encodePath(name);
        URI address = URI.create(api + "/revision/" + encode(revision) + "?blobs=true");
        Asked asked = new Asked(name, revision, "");
        JsonNode info = json(address, asked, notes).content();
        String commit = Objects.requireNonNullElse(HubJson.string(info, "sha"), "");
        if (!COMMIT.matcher(commit).matches()) {
            throw new HubException(
                    "%s: \"sha\" is \"%s\", expected the digits of a commit"
                            .formatted(address, HubFailures.cut(commit)));
        }
        List<HubFile> files = HubListing.siblings(info.path("siblings"), address);
        if (files.isEmpty()) {
            URI tree = URI.create(api + "/tree/" + commit + "?recursive=true");
            files = tree(tree, asked, notes);
        }
        return new HubRepository(name, revision, commit, files);
    }

    /// Ask for the hash of a file whose listing had none.
    HubFile withHash(HubRepository repository, HubFile file, Consumer<String> notes)
            throws IOException {
        if (file.hash().isPresent()) {
            return file;
        }
        Asked asked = new Asked(repository.name(), repository.revision(), file.name());
        Retries retries = retries(asked.toString(), ATTEMPTS_TO_LIST, new CountDownLatch(1), notes);
        while (true) {
            try {
                Answer answer = http.send("HEAD", source(repository, file).address, "", false);
                answer.close();
                if (answer.status() >= 400) {
                    throw failures.of(answer, asked);
                }
                // other servers' entity tags may look like hashes and be none
                boolean isHub = answer.header("x-repo-commit").isPresent();
                String tag =
                        answer.header("x-linked-etag")
                                .or(() -> isHub ? answer.header("etag") : Optional.empty())
                                .orElse("");
                return new HubFile(
                        file.name(),
                        file.size(),
                        FileHash.ofDigits(tag.replaceFirst("^W/", "").replace("\"", "")));
            } catch (IOException e) {
                retries.after(e);
            }
        }
    }

    /// Where a file is fetched from.
    Source source(HubRepository repository, HubFile file) {
        return new Source(
                URI.create(
                        "%s/%s/resolve/%s/%s"
                                .formatted(
                                        settings.endpoint(),
                                        encodePath(repository.name()),
                                        encode(repository.commit()),
                                        encodePath(file.name()))),
                new Asked(repository.name(), repository.revision(), file.name()));
    }

    /// Ask once for bytes of a file.
    ///
    /// @param span the bytes
    /// @param size of the whole file; a span of all of it is asked for without a range
    /// @return a body that begins where `span` does, or one of the whole file from a server without
    ///   ranges
    /// @throws TransientFailure if it may be worth another try
    /// @throws HubException if it is not
    HubBody open(Source source, Span span, long size) throws IOException {
        boolean whole = span.length() == size;
        String range = whole ? "" : "bytes=%d-%d".formatted(span.from(), span.to() - 1);
        URI direct = source.direct;
        Answer answer = http.send("GET", direct == null ? source.address : direct, range, true);
        boolean kept = false;
        try {
            if (answer.status() == 206 && !whole) {
                Span sent = contentRange(answer, span, size, source.asked);
                source.direct = http.isEndpoint(answer.uri()) ? null : answer.uri();
                kept = true;
                return http.body(answer.in(), sent);
            }
            if (answer.status() == 200) {
                checkWhole(answer, size, source.asked);
                source.direct = http.isEndpoint(answer.uri()) ? null : answer.uri();
                kept = true;
                return http.body(answer.in(), new Span(0, size));
            }
            source.direct = null; // signed addresses expire
            if (answer.status() == 416) {
                throw changed(source.asked, "a range within %d bytes is refused".formatted(size));
            }
            throw failures.of(answer, source.asked);
        } finally {
            if (!kept) {
                answer.close();
            }
        }
    }

    /// @param stop ends its pauses
    Retries retries(String what, int attempts, CountDownLatch stop, Consumer<String> notes) {
        return new Retries(what, settings.backoff(), attempts, pause, stop, notes);
    }

    /// Drop all connections.
    @Override
    public void close() {
        http.close();
    }

    /// Address of a file, and where it was redirected to.
    static final class Source {
        private final URI address;
        private final Asked asked;
        private volatile @Nullable URI direct;

        private Source(URI address, Asked asked) {
            this.address = address;
            this.asked = asked;
        }
    }

    private record Page(JsonNode content, Optional<URI> next) {}

    private Page json(URI address, Asked asked, Consumer<String> notes) throws IOException {
        Retries retries = retries(asked.toString(), ATTEMPTS_TO_LIST, new CountDownLatch(1), notes);
        while (true) {
            try {
                Answer answer = http.send("GET", address, "", true);
                try (HubBody body = http.body(answer.in(), new Span(0, HubJson.MOST_BYTES))) {
                    if (answer.status() != 200) {
                        throw failures.of(answer, asked);
                    }
                    byte[] bytes = body.readUpTo(HubJson.MOST_BYTES + 1);
                    if (bytes.length > HubJson.MOST_BYTES) {
                        throw new HubException(
                                "%s answers with more than %s of JSON"
                                        .formatted(address, ByteCount.text(HubJson.MOST_BYTES)));
                    }
                    return new Page(HubJson.read(bytes, address), next(answer));
                }
            } catch (IOException e) {
                retries.after(e);
            }
        }
    }

    /// The next page, always on the endpoint: a mirror may repeat the addresses of its origin.
    private Optional<URI> next(Answer answer) throws IOException {
        Matcher link = NEXT.matcher(answer.header("link").orElse(""));
        if (!link.find()) {
            return Optional.empty();
        }
        URI uri = HubHttp.address(answer.uri(), link.group(1));
        if (http.isEndpoint(uri)) {
            return Optional.of(uri);
        }
        String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
        return Optional.of(URI.create(settings.endpoint() + uri.getRawPath() + query));
    }

    private List<HubFile> tree(URI first, Asked asked, Consumer<String> notes) throws IOException {
        List<HubFile> files = new ArrayList<>();
        Optional<URI> address = Optional.of(first);
        for (int page = 0; address.isPresent(); page++) {
            if (page == MOST_PAGES || files.size() > MOST_FILES) {
                throw new HubException(
                        "%s lists more than %d pages or %d files"
                                .formatted(asked, MOST_PAGES, MOST_FILES));
            }
            Page answer = json(address.get(), asked, notes);
            files.addAll(HubListing.treePage(answer.content(), first));
            address = answer.next();
        }
        return files;
    }

    private static Span contentRange(Answer answer, Span asked, long size, Asked about)
            throws IOException {
        String text = answer.header("content-range").orElse("");
        Matcher range = CONTENT_RANGE.matcher(text);
        if (!range.matches()) {
            throw new TransientFailure(
                    "asked for bytes %d-%d, answered with Content-Range \"%s\""
                            .formatted(asked.from(), asked.to() - 1, HubFailures.cut(text)));
        }
        if (!range.group(3).equals("*") && Long.parseLong(range.group(3)) != size) {
            throw changed(about, "now %s bytes, listed with %d".formatted(range.group(3), size));
        }
        long from = Long.parseLong(range.group(1));
        long to = Long.parseLong(range.group(2)) + 1;
        if (from != asked.from() || to <= from || to > asked.to()) {
            throw new TransientFailure(
                    "asked for bytes %d-%d, answered with %d-%d"
                            .formatted(asked.from(), asked.to() - 1, from, to - 1));
        }
        return new Span(from, to);
    }

    private static void checkWhole(Answer answer, long size, Asked about) throws HubException {
        long length = answer.response().headers().firstValueAsLong("content-length").orElse(size);
        if (length != size) {
            throw changed(about, "now %d bytes, listed with %d".formatted(length, size));
        }
    }

    private static HubException changed(Asked about, String how) {
        return new HubException(
                "%s changed on the hub while it was fetched (%s); pull again"
                        .formatted(about, how));
    }

    private static String encodePath(String path) {
        return Stream.of(path.split("/", -1))
                .map(HubClient::encode)
                .collect(Collectors.joining("/"));
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
