package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.minke.model.hub.ModelStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(30)
class PullTests {
    private static final String COMMIT = "0123456789abcdef";

    @TempDir private Path temp;
    private final CapturedConsole captured = new CapturedConsole(false);
    private final Map<String, String> environment = new LinkedHashMap<>();
    private final Map<String, String> files = new LinkedHashMap<>();
    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
    private HttpServer hub;

    @BeforeEach
    void start() throws IOException {
        hub = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        hub.createContext("/", this::answer);
        hub.start();
        environment.put("HF_ENDPOINT", "http://127.0.0.1:" + hub.getAddress().getPort());
        files.put("config.json", "{}");
        files.put("model.safetensors", "weights");
    }

    @AfterEach
    void stop() {
        hub.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            asked.add(path + " " + exchange.getRequestHeaders().getFirst("Authorization"));
            String content =
                    files.get(path.replaceFirst("/acme/small/resolve/" + COMMIT + "/", ""));
            if (path.startsWith("/api/models/acme/small/revision/")) {
                content =
                        files.entrySet().stream()
                                .map(f ->
                                        "{\"rfilename\":\"%s\",\"size\":%d}"
                                                .formatted(f.getKey(), f.getValue().length()))
                                .collect(
                                        Collectors.joining(
                                                ",",
                                                "{\"sha\":\"" + COMMIT + "\",\"siblings\":[",
                                                "]}"));
            }
            if (content == null) {
                exchange.getResponseHeaders().add("X-Error-Code", "RepoNotFound");
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(200, head ? -1 : bytes.length);
            if (!head) {
                exchange.getResponseBody().write(bytes);
            }
        }
    }

    private int pull(String... args) {
        Pull pull =
                new Pull(
                        captured.console,
                        environment,
                        temp.resolve("home"),
                        new ModelStore(temp.resolve("models")));
        return new CommandLine(pull)
                .setExecutionExceptionHandler((e, _, _) -> {
                    captured.console.error(Failures.describe(e));
                    return 1;
                })
                .execute(args);
    }

    private JsonNode lastLine() {
        return JsonMapper.shared().readTree(captured.out().lines().toList().getLast());
    }

    @Test
    void aModelIsFetchedAndTheNextCommandNamed() {
        assertThat(pull("acme/small")).as(captured.err()).isZero();
        assertThat(temp.resolve("models/acme/small/model.safetensors")).hasContent("weights");
        assertThat(captured.err())
                .startsWith("acme/small at 0123456: 2 files, 9 B, into ")
                .contains("of 9 B  ")
                .contains("config.json could not be verified");
        assertThat(captured.out())
                .startsWith("fetched 9 B of acme/small in 0:0")
                .endsWith("next: ./minke generate acme/small \"Once\"\n");
        assertThat(pull("acme/small")).isZero();
        assertThat(captured.out()).contains("acme/small was complete already: ");
    }

    @Test
    void theResultIsPrintedAsJson() {
        Path out = temp.resolve("out");
        assertThat(pull("acme/small", "--json", "--out", out.toString())).isZero();
        assertThat(captured.out()).hasLineCount(1);
        assertThat(lastLine().path("model").asString()).endsWith("out");
        assertThat(lastLine().path("bytes").asInt()).isEqualTo(9);
        assertThat(lastLine().path("files").asInt()).isEqualTo(2);
        assertThat(lastLine().path("commit").asString()).isEqualTo(COMMIT);
        assertThat(out.resolve("config.json")).hasContent("{}");
    }

    @Test
    void quantisationsToChooseFromAreATable() {
        files.clear();
        files.put("m-Q8_0.gguf", "12345678");
        files.put("m-Q4_K_M.gguf", "1234");
        assertThat(pull("acme/small")).isEqualTo(1);
        assertThat(captured.err())
                .isEqualTo(
                        """
                          Q4_K_M                          4 B
                          Q8_0                            8 B
                        minke: acme/small has 2 GGUF models, choose one as in acme/small:Q4_K_M
                        """);
        assertThat(pull("acme/small:q8_0", "--json")).isZero();
        assertThat(lastLine().path("path").asString()).endsWith("m-Q8_0.gguf");
    }

    @Test
    void theTokenComesFromTheEnvironment() {
        environment.put("HF_TOKEN", "hf_1\n");
        assertThat(pull("acme/small")).isZero();
        assertThat(asked).allMatch(a -> a.endsWith(" Bearer hf_1"));
    }

    @Test
    void theTokenOfAFileIsForHuggingFaceOnly() throws IOException {
        Path file = temp.resolve("home/.cache/huggingface/token");
        Files.createDirectories(file.getParent());
        Files.writeString(file, "hf_file");
        assertThat(pull("acme/small")).isZero();
        assertThat(asked).isNotEmpty().allMatch(a -> a.endsWith(" null"));
    }

    @Test
    void whatIsWrongIsOneLine() {
        assertThat(pull("acme/none")).isEqualTo(1);
        assertThat(pull("a b")).isEqualTo(1);
        assertThat(pull("acme/small@x", "--revision", "y")).isEqualTo(1);
        assertThat(pull("acme/small", "--connections", "0")).isEqualTo(1);
        assertThat(pull("acme/small", "--endpoint", "ftp://x")).isEqualTo(1);
        environment.put("HTTPS_PROXY", "socks5://x:1");
        assertThat(pull("acme/small")).isEqualTo(1);
        environment.put("HF_HUB_OFFLINE", "1");
        assertThat(pull("acme/small")).isEqualTo(1);
        String endpoint = environment.get("HF_ENDPOINT");
        assertThat(captured.err().lines())
                .containsExactly(
                        "minke: "
                                + endpoint
                                + " has no model acme/none; if it is private, set HF_TOKEN",
                        "minke: model \"a b\", expected ORG/NAME[@REVISION][:QUANTISATION]",
                        "minke: acme/small@x together with --revision y, expected one revision",
                        "minke: 0 connections, expected 1 to 64",
                        "minke: hub endpoint \"ftp://x\", expected an address such as"
                                + " https://huggingface.co",
                        "minke: HTTPS_PROXY is not usable, expected"
                                + " http://[user:password@]host:port",
                        "minke: HF_HUB_OFFLINE is set: nothing is fetched");
    }
}
