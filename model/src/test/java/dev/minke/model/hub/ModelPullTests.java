package dev.minke.model.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.model.hub.Spans.Span;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class ModelPullTests {
    private static final String WEIGHTS = "model.safetensors";
    private static final int SIZE = 1_000_000;
    private static final int PART = 100_000;
    private static final ModelReference MODEL = ModelReference.parse(FakeHub.MODEL);

    @TempDir private Path temp;
    private final byte[] weights = FakeHub.random(SIZE, 7);
    private final List<String> notes = Collections.synchronizedList(new ArrayList<>());
    private final List<PullListener.Progress> progress = new ArrayList<>();
    private long toFetch = -1;
    private FakeHub hub;
    private ModelStore store;

    private final PullListener listener =
            new PullListener() {
                @Override
                public void planned(
                        HubRepository repository, Path folder, int files, long bytes, long fetch) {
                    toFetch = fetch;
                }

                @Override
                public void progress(Progress now) {
                    progress.add(now);
                }

                @Override
                public void note(String line) {
                    notes.add(line);
                }
            };

    @BeforeEach
    void start() throws IOException {
        hub = new FakeHub();
        hub.with("README.md", "read").with("config.json", "{\"torch_dtype\":\"bfloat16\"}");
        hub.with(WEIGHTS, weights);
        store = new ModelStore(temp.resolve("models"));
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private PullResult pull() throws IOException {
        return pull(hub.settings(), options());
    }

    private PullResult pull(HubSettings settings, PullOptions options) throws IOException {
        try (HubClient client = new HubClient(settings)) {
            return new ModelPull(client, store, listener)
                    .run(MODEL, FileSelection.standard(), options);
        }
    }

    private static PullOptions options() {
        return new PullOptions(4, PART, Optional.empty());
    }

    private Path folder() {
        return temp.resolve("models/acme/small");
    }

    private void assertWhole() throws IOException {
        assertThat(folder().resolve(WEIGHTS)).hasBinaryContent(weights);
        assertThat(folder().resolve("config.json")).hasBinaryContent(hub.files.get("config.json"));
        try (Stream<Path> files = Files.list(folder())) {
            assertThat(files.map(f -> f.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            ".minke.json", ".minke.lock", "README.md", "config.json", WEIGHTS);
        }
    }

    private List<Span> ranges(String file) {
        List<Span> spans = new ArrayList<>();
        for (FakeHub.Seen seen : hub.requests(file)) {
            Matcher range = Pattern.compile("bytes=(\\d+)-(\\d+)").matcher(seen.range());
            if (range.matches()) {
                spans.add(
                        new Span(
                                Long.parseLong(range.group(1)),
                                Long.parseLong(range.group(2)) + 1));
            }
        }
        return spans;
    }

    @Test
    void aModelIsFetchedInRangesAndVerified() throws IOException {
        PullResult result = pull();
        assertWhole();
        assertThat(result.model()).isEqualTo(folder().toRealPath());
        assertThat(result.files()).isEqualTo(3);
        assertThat(result.fetchedBytes()).isEqualTo(result.bytes()).isEqualTo(SIZE + 4 + 26);
        assertThat(ranges(WEIGHTS)).hasSize(10).allMatch(s -> s.length() == PART);
        assertThat(progress.getLast().bytes()).isEqualTo(result.bytes());
        assertThat(progress.getLast().files()).isEqualTo(3);
        assertThat(notes).isEmpty();
    }

    @Test
    void whatIsThereIsNotAskedForAgain() throws IOException {
        pull();
        hub.seen.clear();
        assertThat(pull().fetchedBytes()).isZero();
        assertThat(toFetch).isZero();
        assertThat(hub.seen).hasSize(1).allMatch(s -> s.path().startsWith("/api/"));
    }

    @Test
    void noMoreConnectionsThanAllowedAreOpen() throws IOException {
        hub.fault =
                (_, _, _) -> {
                    sleep(20);
                    return false;
                };
        pull(hub.settings(), new PullOptions(3, PART, Optional.empty()));
        assertThat(hub.most.get()).isEqualTo(3);
        assertWhole();
    }

    @Test
    void connectionsThatAreCutGoOnWhereTheyEnded() throws IOException {
        AtomicInteger count = new AtomicInteger();
        hub.fault =
                (exchange, content, asked) -> {
                    if (content.length != SIZE || count.incrementAndGet() % 2 == 0) {
                        return false;
                    }
                    FakeHub.send(exchange, content, asked, true, 30_000);
                    return true;
                };
        PullResult result = pull();
        assertWhole();
        assertThat(result.fetchedBytes()).as("nothing twice").isEqualTo(result.bytes());
        assertThat(ranges(WEIGHTS)).anyMatch(s -> s.from() % PART != 0);
    }

    @Test
    void aServerThatAlwaysFailsIsGivenUpAndWhatCameIsKept() throws IOException {
        hub.fault =
                (exchange, content, asked) -> {
                    if (content.length != SIZE || asked.to() <= 300_000) {
                        return false;
                    }
                    exchange.sendResponseHeaders(503, -1);
                    return true;
                };
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessage(
                        WEIGHTS
                                + ": 127.0.0.1 answers 503; gave up after 6 attempts,"
                                + " the same command goes on from here");
        assertThat(folder().resolve(WEIGHTS)).doesNotExist();
        assertThat(folder().resolve("config.json")).exists();
        hub.fault = (_, _, _) -> false;
        hub.seen.clear();
        pull();
        assertWhole();
        assertThat(ranges(WEIGHTS)).allMatch(s -> s.from() >= 300_000);
        assertThat(toFetch).isEqualTo(700_000);
    }

    @Test
    void finishedRangesOutliveACrash() throws Exception {
        // a process that was killed leaves a part, a log whose last line is cut, and no lock
        Path folder = Files.createDirectories(folder());
        byte[] part = new byte[SIZE];
        System.arraycopy(weights, 0, part, 0, 200_000);
        System.arraycopy(weights, 500_000, part, 500_000, 100_000);
        Files.write(folder.resolve(WEIGHTS + ".part"), part);
        Files.writeString(
                folder.resolve(WEIGHTS + ".part-log"),
                "minke-part 1 %d sha256:%s\n100000 200000\n500000 600000\n0 100000\n700000 8000"
                        .formatted(SIZE, FakeHub.sha256(weights)));
        pull();
        assertWhole();
        List<Span> asked = new ArrayList<>(ranges(WEIGHTS));
        asked.sort((a, b) -> Long.compare(a.from(), b.from()));
        assertThat(asked)
                .containsExactly(
                        new Span(200_000, 300_000),
                        new Span(300_000, 400_000),
                        new Span(400_000, 500_000),
                        new Span(600_000, 700_000),
                        new Span(700_000, 800_000),
                        new Span(800_000, 900_000),
                        new Span(900_000, 1_000_000));
    }

    @Test
    void aProcessKilledInTheMiddleLosesNoFinishedRange() throws Exception {
        CountDownLatch half = new CountDownLatch(7);
        hub.fault =
                (_, content, asked) -> {
                    if (content.length == SIZE) {
                        half.countDown();
                        sleep(asked.from() >= 500_000 ? 10_000 : 0);
                    }
                    return false;
                };
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                PullMain.class.getName(),
                                hub.endpoint().toString(),
                                store.root().toString(),
                                String.valueOf(PART))
                        .redirectErrorStream(true)
                        .redirectOutput(temp.resolve("log").toFile())
                        .start();
        try {
            assertThat(half.await(20, TimeUnit.SECONDS))
                    .as(() -> "requests came; " + read(temp.resolve("log")))
                    .isTrue();
            Path log = folder().resolve(WEIGHTS + ".part-log");
            for (int i = 0; i < 1000 && read(log).lines().count() < 6; i++) {
                sleep(10);
            }
            assertThat(read(log).lines()).as("a header and five ranges").hasSize(6);
        } finally {
            process.destroyForcibly().waitFor();
        }
        hub.fault = (_, _, _) -> false;
        hub.seen.clear();
        pull();
        assertWhole();
        assertThat(ranges(WEIGHTS)).hasSize(5).allMatch(s -> s.from() >= 500_000);
    }

    /// The process that is killed.
    static final class PullMain {
        private PullMain() {}

        public static void main(String[] args) throws IOException {
            try (HubClient client = new HubClient(HubSettings.of(java.net.URI.create(args[0])))) {
                PullOptions options = new PullOptions(2, Long.parseLong(args[2]), Optional.empty());
                new ModelPull(client, new ModelStore(Path.of(args[1])), new PullListener() {})
                        .run(MODEL, FileSelection.standard(), options);
            }
        }
    }

    @Test
    void aFileThatChangedOnTheHubIsFetchedAnew() throws IOException {
        Path folder = Files.createDirectories(folder());
        Files.write(folder.resolve(WEIGHTS + ".part"), new byte[SIZE]);
        Files.writeString(
                folder.resolve(WEIGHTS + ".part-log"),
                "minke-part 1 %d sha256:%s\n0 1000000\n".formatted(SIZE, "0".repeat(64)));
        pull();
        assertWhole();
        assertThat(notes).contains(WEIGHTS + " has changed on the hub: it is fetched anew");
    }

    @Test
    void aNewCommitReplacesTheFilesThatChanged() throws IOException {
        pull();
        hub.commit = "f".repeat(40);
        hub.with("config.json", "{\"torch_dtype\":\"float16\"}").files.remove("README.md");
        hub.seen.clear();
        PullResult result = pull();
        assertThat(result.fetchedBytes()).isEqualTo(25);
        assertThat(folder().resolve("config.json")).hasContent("{\"torch_dtype\":\"float16\"}");
        assertThat(hub.requests(WEIGHTS)).isEmpty();
        assertThat(notes).containsExactly("README.md is not on the hub any more; it is kept");
        assertThat(Manifest.read(folder()).orElseThrow().commit()).isEqualTo("f".repeat(40));
    }

    @Test
    void wrongBytesAreDiscardedAndSaid() throws IOException {
        hub.fault =
                (exchange, content, asked) -> {
                    if (content.length != SIZE || asked.from() != 400_000) {
                        return false;
                    }
                    byte[] wrong = content.clone();
                    wrong[450_000] ^= 1;
                    FakeHub.send(exchange, wrong, asked, true, asked.length());
                    return true;
                };
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessageContaining("1 of the files came with wrong content and were discarded")
                .hasMessageContaining(
                        WEIGHTS + " should have sha256:" + FakeHub.sha256(weights) + " and has");
        assertThat(folder().resolve(WEIGHTS)).doesNotExist();
        assertThat(folder().resolve(WEIGHTS + ".part")).doesNotExist();
        assertThat(folder().resolve(WEIGHTS + ".part-log")).doesNotExist();
        hub.fault = (_, _, _) -> false;
        pull();
        assertWhole();
    }

    @Test
    void aSmallFileIsHeldToItsGitHash() {
        hub.fault =
                (exchange, content, asked) -> {
                    if (asked.length() != 4) {
                        return false;
                    }
                    FakeHub.send(
                            exchange, "Read".getBytes(StandardCharsets.US_ASCII), asked, false, 4);
                    return true;
                };
        assertThatThrownBy(this::pull).hasMessageContaining("README.md should have git-sha1:");
    }

    @Test
    void aServerWithoutRangesIsReadInOneStream() throws IOException {
        hub.fault =
                (exchange, content, _) -> {
                    FakeHub.send(exchange, content, new Span(0, content.length), false, SIZE);
                    return true;
                };
        pull();
        assertWhole();
        assertThat(notes)
                .containsExactly(
                        "the server sends no ranges: "
                                + WEIGHTS
                                + " comes in one stream, and anew after a cut");
        assertThat(progress.getLast().bytes()).isEqualTo(SIZE + 30);
    }

    @Test
    void aStreamThatIsCutBeginsAnewAndEndsSomeTime() throws IOException {
        AtomicInteger count = new AtomicInteger();
        hub.fault =
                (exchange, content, _) -> {
                    boolean cut = content.length == SIZE && count.incrementAndGet() < 5;
                    FakeHub.send(
                            exchange,
                            content,
                            new Span(0, content.length),
                            false,
                            cut ? 800_000 : SIZE);
                    return true;
                };
        pull();
        assertWhole();
        count.set(Integer.MIN_VALUE);
        Files.delete(folder().resolve(WEIGHTS));
        assertThatThrownBy(this::pull)
                .hasMessageContaining("the connection was cut; gave up after 6 attempts");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytes 0-99999/1000000",
                "bytes 200001-300000/1000000",
                "bytes 200000-300000/1000000",
                "items 1-2/3",
                "bytes 200000-199999/1000000"
            })
    void wrongRangesAreNotWritten(String wrong) throws IOException {
        AtomicInteger count = new AtomicInteger();
        hub.fault =
                (exchange, _, asked) -> {
                    if (asked.from() != 200_000 || count.incrementAndGet() > 2) {
                        return false;
                    }
                    exchange.getResponseHeaders().add("Content-Range", wrong);
                    exchange.sendResponseHeaders(206, PART);
                    exchange.getResponseBody().write(new byte[PART]);
                    return true;
                };
        pull();
        assertWhole();
        assertThat(count.get()).isEqualTo(3);
    }

    @Test
    void aShorterRangeThanAskedForIsTaken() throws IOException {
        hub.fault =
                (exchange, content, asked) -> {
                    if (content.length != SIZE) {
                        return false;
                    }
                    long to = Math.min(asked.to(), asked.from() + 40_000);
                    FakeHub.send(exchange, content, new Span(asked.from(), to), true, PART);
                    return true;
                };
        pull();
        assertWhole();
    }

    @Test
    void anotherSizeThanListedEndsThePull() {
        hub.fault =
                (exchange, content, asked) -> {
                    if (content.length != SIZE) {
                        return false;
                    }
                    exchange.getResponseHeaders().add("Content-Range", "bytes 0-99999/2000000");
                    exchange.sendResponseHeaders(206, PART);
                    exchange.getResponseBody().write(new byte[PART]);
                    return true;
                };
        assertThatThrownBy(this::pull)
                .hasMessageContaining("acme/small/model.safetensors changed on the hub")
                .hasMessageContaining("now 2000000 bytes, listed with 1000000");
    }

    @Test
    void theTokenStaysWithTheHub() throws IOException {
        hub.redirects = true;
        pull(hub.settings().withToken("hf_secret"), options());
        assertWhole();
        assertThat(hub.seen).filteredOn(s -> !s.storage()).isNotEmpty();
        assertThat(hub.seen)
                .allMatch(s -> s.authorization().equals(s.storage() ? "" : "Bearer hf_secret"));
        assertThat(hub.requests(WEIGHTS).stream().filter(s -> !s.storage()).count())
                .as("the storage's address is asked for by each connection once")
                .isLessThanOrEqualTo(4);
    }

    @Test
    void anExpiredStorageAddressIsAskedForAgain() throws IOException {
        hub.redirects = true;
        AtomicInteger count = new AtomicInteger();
        hub.fault =
                (exchange, content, _) -> {
                    if (content.length != SIZE || count.incrementAndGet() % 5 != 0) {
                        return false;
                    }
                    exchange.sendResponseHeaders(403, -1);
                    return true;
                };
        pull();
        assertWhole();
    }

    @Test
    void aGatedFileEndsThePullAtOnce() {
        hub.fault =
                (exchange, content, _) -> {
                    if (content.length != SIZE) {
                        return false;
                    }
                    FakeHub.error(exchange, 403, "GatedRepo", "restricted");
                    return true;
                };
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessageContaining("acme/small is gated: accept its licence on ")
                .hasMessageContaining("set HF_TOKEN");
        assertThat(hub.requests(WEIGHTS)).hasSizeLessThanOrEqualTo(4);
    }

    @Test
    void aSilentConnectionIsReplaced() throws IOException {
        AtomicInteger count = new AtomicInteger();
        hub.fault =
                (exchange, content, asked) -> {
                    if (content.length != SIZE || count.incrementAndGet() != 2) {
                        return false;
                    }
                    FakeHub.send(exchange, content, asked, true, 1000);
                    sleep(2000);
                    return true;
                };
        HubSettings settings =
                hub.settings()
                        .withPatience(
                                Duration.ofSeconds(1),
                                Duration.ofMillis(200),
                                hub.settings().backoff());
        pull(settings, options());
        assertWhole();
    }

    @Test
    void hashesThatTheListingLacksAreAskedFor() throws IOException {
        hub.hashes = false;
        hub.redirects = true;
        pull();
        assertWhole();
        assertThat(Manifest.read(folder()).orElseThrow().entry(WEIGHTS).orElseThrow().file().hash())
                .contains(new FileHash(FileHash.Kind.SHA256, FakeHub.sha256(weights)));
    }

    @Test
    void tooLittleDiskIsSaidBeforeAnythingComes() {
        try (HubClient client = new HubClient(hub.settings())) {
            ModelPull pull = new ModelPull(client, store, listener, _ -> (64 << 20) + 1_000_000);
            assertThatThrownBy(() -> pull.run(MODEL, FileSelection.standard(), options()))
                    .isInstanceOf(HubException.class)
                    .hasMessageStartingWith("acme/small needs 976.6 KiB more in ")
                    .hasMessageContaining("where 65.0 MiB are free")
                    .hasMessageContaining("--out or MINKE_HOME");
        }
        assertThat(hub.requests(WEIGHTS)).isEmpty();
    }

    @Test
    void aSecondPullOfTheSameModelIsToldSo() throws IOException {
        Files.createDirectories(folder());
        try (StoreLock _ = StoreLock.take(folder())) {
            assertThatThrownBy(this::pull)
                    .isInstanceOf(HubException.class)
                    .hasMessageContaining("another minke is changing ");
        }
        pull();
        assertWhole();
    }

    @Test
    void aFileOfSomebodyElseIsNotOverwritten() throws IOException {
        Files.createDirectories(folder());
        Files.writeString(folder().resolve("config.json"), "mine");
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessageContaining(
                        "config.json is not what was pulled and not what the hub has");
        assertThat(folder().resolve("config.json")).hasContent("mine");
        Files.write(folder().resolve("config.json"), hub.files.get("config.json"));
        pull();
        assertWhole();
        assertThat(hub.requests("config.json")).as("it was the right one already").isEmpty();
    }

    @Test
    void aSymbolicLinkInTheFolderIsRefused() throws IOException {
        Files.createDirectories(folder());
        Path elsewhere = temp.resolve("elsewhere");
        for (String link : List.of(WEIGHTS, WEIGHTS + ".part")) {
            Path path = folder().resolve(link);
            Files.createSymbolicLink(path, elsewhere);
            assertThatThrownBy(this::pull)
                    .isInstanceOf(HubException.class)
                    .hasMessageContaining(link + " is a symbolic link");
            Files.delete(path);
        }
        assertThat(elsewhere).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "con.safetensors",
                "LPT1.safetensors",
                "a:b.safetensors",
                "a?.safetensors",
                ".minke.safetensors"
            })
    void namesThatCannotBeFilesEverywhereAreRefused(String name) {
        hub.names.put(WEIGHTS, name);
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessageContaining("the file name \"" + name + "\" from the hub is refused");
    }

    @Test
    void namesThatDifferInCaseOnlyAreRefused() {
        hub.with("Config.json", "{}");
        assertThatThrownBy(this::pull).hasMessageContaining("it collides with \"config.json\"");
    }

    @Test
    void anEmptyFileAndOneOfAFolderAreFilesToo() throws IOException {
        hub.with("LICENSE", "").with("deep/er/x.bin", "12");
        try (HubClient client = new HubClient(hub.settings())) {
            PullResult result =
                    new ModelPull(client, store, listener)
                            .run(
                                    MODEL,
                                    new FileSelection(List.of("LICENSE", "deep/*"), List.of()),
                                    options().withOut(temp.resolve("out")));
            assertThat(result.files()).isEqualTo(2);
        }
        assertThat(temp.resolve("out/LICENSE")).isEmptyFile();
        assertThat(temp.resolve("out/deep/er/x.bin")).hasContent("12");
    }

    @Test
    void aFolderOfAnotherModelIsRefused() throws IOException {
        pull();
        assertThatThrownBy(
                        () -> {
                            try (HubClient client = new HubClient(hub.settings())) {
                                new ModelPull(client, store, listener)
                                        .run(
                                                MODEL.at("v2"),
                                                FileSelection.standard(),
                                                options().withOut(folder()));
                            }
                        })
                .isInstanceOf(HubException.class)
                .hasMessageContaining("holds acme/small, expected acme/small@v2");
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            return "";
        }
    }
}
