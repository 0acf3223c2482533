package dev.minke.model.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class HubClientTests {
    private final List<Duration> pauses = Collections.synchronizedList(new ArrayList<>());
    private FakeHub hub;

    @BeforeEach
    void start() throws IOException {
        hub = new FakeHub();
        hub.with("config.json", "{}").with("model.safetensors", FakeHub.random(100, 1));
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private HubRepository ask(HubSettings settings) throws IOException {
        try (HubClient client =
                new HubClient(
                        settings,
                        (pause, _) -> {
                            pauses.add(pause);
                            return false;
                        })) {
            return client.repository(FakeHub.MODEL, "main");
        }
    }

    @Test
    void aRepositoryHasItsFilesWithSizesAndHashes() throws IOException {
        HubRepository repository = ask(hub.settings());
        assertThat(repository.commit()).isEqualTo(FakeHub.COMMIT);
        assertThat(repository.files())
                .containsExactly(
                        new HubFile(
                                "config.json",
                                2,
                                Optional.of(
                                        new FileHash(
                                                FileHash.Kind.GIT_SHA1,
                                                // printf {} | git hash-object --stdin
                                                "9e26dfeeb6e641a33dae4961196235bdb965b21b"))),
                        new HubFile(
                                "model.safetensors",
                                100,
                                Optional.of(
                                        new FileHash(
                                                FileHash.Kind.SHA256,
                                                FakeHub.sha256(FakeHub.random(100, 1))))));
    }

    @Test
    void filesComeFromThePagedTreeIfTheDescriptionHasNoSizes() throws IOException {
        hub.with("a", "1").with("b", "22").with("c", "333");
        HubRepository complete = ask(hub.settings());
        hub.sizes = false;
        assertThat(ask(hub.settings()).files()).isEqualTo(complete.files()).hasSize(5);
        assertThat(hub.seen.stream().filter(s -> s.path().contains("/tree/" + FakeHub.COMMIT)))
                .hasSize(3);
    }

    @Test
    void aRevisionWithSlashesIsOnePartOfTheAddress() throws IOException {
        List<String> raw = new ArrayList<>();
        hub.apiFault =
                (exchange, _, _) -> {
                    raw.add(exchange.getRequestURI().getRawPath());
                    return false;
                };
        try (HubClient client = new HubClient(hub.settings())) {
            client.repository(FakeHub.MODEL, "refs/pr/1");
        }
        assertThat(raw).containsExactly("/api/models/acme/small/revision/refs%2Fpr%2F1");
    }

    @Test
    void theTokenIsSentToTheEndpoint() throws IOException {
        ask(hub.settings().withToken("hf_secret"));
        assertThat(hub.seen.getFirst().authorization()).isEqualTo("Bearer hf_secret");
    }

    @Test
    void aTokenIsNotSentUnencryptedToAnotherMachine() {
        assertThat(HubSettings.of(URI.create("http://hub.test")).withToken("t").sendsToken())
                .isFalse();
        assertThat(HubSettings.of(URI.create("https://hub.test")).withToken("t").sendsToken())
                .isTrue();
    }

    @Test
    void aRenamedModelIsFollowedWithTheToken() throws IOException {
        hub.apiFault =
                (exchange, _, _) -> {
                    if (!exchange.getRequestURI().getPath().contains("/acme/old/")) {
                        return false;
                    }
                    exchange.getResponseHeaders()
                            .add("Location", "/api/models/acme/small/revision/main?blobs=true");
                    exchange.sendResponseHeaders(307, -1);
                    return true;
                };
        try (HubClient client = new HubClient(hub.settings().withToken("t"))) {
            assertThat(client.repository("acme/old", "main").files()).hasSize(2);
        }
        assertThat(hub.seen.getLast().authorization()).isEqualTo("Bearer t");
    }

    @Test
    void redirectsInACircleEnd() {
        hub.apiFault =
                (exchange, _, _) -> {
                    exchange.getResponseHeaders().add("Location", "/api/models/acme/small/x");
                    exchange.sendResponseHeaders(302, -1);
                    return true;
                };
        assertThatThrownBy(() -> ask(hub.settings()))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("redirects more than 5 times");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "403 | GatedRepo | false | is gated: accept its licence on http",
                "403 | GatedRepo | true | is gated and the token's account has no access",
                "401 | GatedRepo | false | then set HF_TOKEN to a token of that account",
                "401 | RepoNotFound | false | has no model acme/small; if it is private, set"
                        + " HF_TOKEN",
                "404 | RepoNotFound | true | or the token has no access to it",
                "401 | '' | true | refuses the token: check HF_TOKEN",
                "404 | RevisionNotFound | false | acme/small has no revision main",
                "403 | '' | false | answers 403 for acme/small: said by the hub",
                "407 | '' | false | the proxy wants a name and password"
            })
    void refusalsSayWhatToDo(int status, String code, boolean token, String message) {
        hub.apiFault =
                (exchange, _, _) -> {
                    FakeHub.error(exchange, status, code, "said by the hub");
                    return true;
                };
        HubSettings settings = token ? hub.settings().withToken("t") : hub.settings();
        assertThatThrownBy(() -> ask(settings))
                .isInstanceOf(HubException.class)
                .hasMessageContaining(message);
        assertThat(hub.seen).as("a refusal is final").hasSize(1);
    }

    @Test
    void serverErrorsAreTriedAgainAFewTimes() throws IOException {
        AtomicInteger count = new AtomicInteger();
        hub.apiFault =
                (exchange, _, _) -> {
                    if (count.incrementAndGet() > 2) {
                        return false;
                    }
                    exchange.sendResponseHeaders(503, -1);
                    return true;
                };
        assertThat(ask(hub.settings()).files()).hasSize(2);
        count.set(-100);
        assertThatThrownBy(() -> ask(hub.settings()))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("answers 503; gave up after 4 attempts");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Retry-After | 7 | 7",
                "RateLimit | \"api\";r=0;t=42 | 42",
                "Retry-After | soon | 0"
            })
    void tooManyRequestsWaitsAsLongAsTheServerAsks(String header, String value, int seconds)
            throws IOException {
        AtomicInteger count = new AtomicInteger();
        hub.apiFault =
                (exchange, _, _) -> {
                    if (count.incrementAndGet() > 1) {
                        return false;
                    }
                    exchange.getResponseHeaders().add(header, value);
                    exchange.sendResponseHeaders(429, -1);
                    return true;
                };
        ask(hub.settings());
        assertThat(pauses).hasSize(1);
        assertThat(pauses.getFirst().toSeconds()).isEqualTo(seconds);
    }

    @Test
    void aDateToRetryAfterThatIsTooFarAwayIsRefused() {
        hub.apiFault =
                (exchange, _, _) -> {
                    exchange.getResponseHeaders()
                            .add(
                                    "Retry-After",
                                    ZonedDateTime.now(ZoneOffset.UTC)
                                            .plusHours(2)
                                            .format(DateTimeFormatter.RFC_1123_DATE_TIME));
                    exchange.sendResponseHeaders(429, -1);
                    return true;
                };
        assertThatThrownBy(() -> ask(hub.settings()))
                .hasMessageMatching(".*\\(too many requests\\), and asks to wait 7[12]\\d\\d s.*");
        assertThat(pauses).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../evil.json",
                "a/../../evil.json",
                "/etc/evil.json",
                "a//b",
                "./a",
                "..\\\\evil.json",
                "C:\\\\evil.json"
            })
    void namesThatLeaveTheFolderAreRefused(String name) {
        hub.names.put("config.json", name);
        assertThatThrownBy(() -> ask(hub.settings()))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("from the hub is refused: it");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"sha\":\"../main\",\"siblings\":[]} | expected the digits of a commit",
                "{\"siblings\":[]} | expected the digits of a commit",
                "{\"sha\":\"0123456\",\"siblings\":[{\"rfilename\":\"a\",\"size\":9007199254740993}]}"
                        + " | has size 9007199254740993",
                "{\"sha\": | not the JSON that was expected",
                "17 | expected a JSON object",
            })
    void answersThatAreNoneAreRefused(String json, String message) {
        hub.apiFault =
                (exchange, _, _) -> {
                    FakeHub.json(exchange, json);
                    return true;
                };
        assertThatThrownBy(() -> ask(hub.settings()))
                .isInstanceOf(HubException.class)
                .hasMessageContaining(message);
    }

    @Test
    void answersWithoutMeasureAreRefused() {
        hub.apiFault =
                (exchange, _, _) -> {
                    FakeHub.json(exchange, "[".repeat(100_000));
                    return true;
                };
        assertThatThrownBy(() -> ask(hub.settings())).hasMessageContaining("depth");
        hub.apiFault =
                (exchange, _, _) -> {
                    FakeHub.json(exchange, " ".repeat(HubJson.MOST_BYTES + 1));
                    return true;
                };
        assertThatThrownBy(() -> ask(hub.settings()))
                .hasMessageContaining("more than 16.0 MiB of JSON");
    }

    @Test
    void aHubThatIsNotThereIsSaid() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        HubSettings settings =
                HubSettings.of(URI.create("http://127.0.0.1:" + free))
                        .withPatience(
                                Duration.ofSeconds(5),
                                Duration.ofSeconds(5),
                                hub.settings().backoff());
        assertThatThrownBy(() -> ask(settings))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("acme/small: no connection")
                .hasMessageContaining("gave up after 4 attempts");
    }

    @Test
    void aHubThatFallsSilentIsGivenUp() {
        hub.apiFault =
                (exchange, _, _) -> {
                    exchange.sendResponseHeaders(200, 1000);
                    exchange.getResponseBody().write("{".getBytes());
                    exchange.getResponseBody().flush();
                    try {
                        Thread.sleep(5000);
                    } catch (InterruptedException e) {
                        return true;
                    }
                    return true;
                };
        HubSettings settings =
                hub.settings()
                        .withPatience(
                                Duration.ofSeconds(1),
                                Duration.ofMillis(120),
                                hub.settings().backoff());
        assertThatThrownBy(() -> ask(settings)).hasMessageContaining("the server fell silent");
    }

    @Test
    void aProxyGetsTheRequestsAndItsPasswordButNoOtherHostDoes() throws IOException {
        List<String> asked = Collections.synchronizedList(new ArrayList<>());
        hub.apiFault =
                (exchange, _, _) -> {
                    String given = exchange.getRequestHeaders().getFirst("Proxy-Authorization");
                    asked.add(exchange.getRequestURI() + " " + given);
                    if (given != null) {
                        return false;
                    }
                    exchange.getResponseHeaders().add("Proxy-Authenticate", "Basic realm=\"p\"");
                    exchange.sendResponseHeaders(407, -1);
                    return true;
                };
        String proxy = hub.endpoint().toString().replace("http://", "http://me:p%40ss@");
        HubSettings settings =
                HubSettings.of(URI.create("http://hub.test"))
                        .withProxy(ProxySettings.of("", proxy, ""));
        assertThat(ask(settings).files()).hasSize(2);
        assertThat(asked)
                .containsExactly(
                        "http://hub.test/api/models/acme/small/revision/main?blobs=true null",
                        "http://hub.test/api/models/acme/small/revision/main?blobs=true"
                                + " Basic bWU6cEBzcw==");
    }

    @Test
    void proxiesAreLeftOutForLoopbackAndTheHostsOfNoProxy() {
        ProxySettings proxies =
                ProxySettings.of("proxy.test:3128", "", " .inner.test, other.test:8080,10.0.0.1 ");
        assertThat(proxies.forTarget(URI.create("https://hub.test/x"))).isPresent();
        assertThat(proxies.forTarget(URI.create("https://notinner.test/x"))).isPresent();
        for (String direct :
                List.of(
                        "http://hub.test",
                        "https://inner.test",
                        "https://a.INNER.test",
                        "https://other.test",
                        "https://10.0.0.1:1",
                        "https://localhost:1",
                        "https://127.0.0.1")) {
            assertThat(proxies.forTarget(URI.create(direct))).as(direct).isEmpty();
        }
        assertThat(ProxySettings.of("p:1", "", "*").forTarget(URI.create("https://hub.test")))
                .isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProxySettings.of("socks5://me:secret@p:1", "", ""))
                .withMessage(
                        "HTTPS_PROXY is not usable, expected http://[user:password@]host:port");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ftp://x", "huggingface.co", "https://u:p@h", "https://h?x", "http:///"})
    void endpointsThatAreNoneAreRefused(String endpoint) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HubSettings.of(URI.create(endpoint)))
                .withMessageContaining("expected an address such as https://huggingface.co");
    }

    @Test
    void aCertificateThatIsNotTrustedIsSaidAtOnceWithTheRemedy() {
        SSLHandshakeException untrusted = new SSLHandshakeException("PKIX path building failed");
        untrusted.initCause(new CertificateException("unable to find valid certification path"));
        Retries retries =
                new Retries(
                        "acme/small",
                        hub.settings().backoff(),
                        5,
                        (_, _) -> false,
                        new CountDownLatch(1),
                        _ -> {});
        assertThatThrownBy(() -> retries.after(untrusted))
                .isInstanceOf(HubException.class)
                .hasMessageStartingWith("acme/small: the server's certificate is not trusted")
                .hasMessageContaining("-Djavax.net.ssl.trustStore=FILE");
    }

    @Test
    void aTokenCannotCarryAnotherHeader() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> hub.settings().withToken("a\r\nHost: x"))
                .withMessageContaining("line ends");
    }
}
