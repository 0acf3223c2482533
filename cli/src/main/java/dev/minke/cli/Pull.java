package dev.minke.cli;

import dev.minke.model.hub.ByteCount;
import dev.minke.model.hub.ChoiceNeeded;
import dev.minke.model.hub.FileSelection;
import dev.minke.model.hub.HubClient;
import dev.minke.model.hub.HubException;
import dev.minke.model.hub.HubRepository;
import dev.minke.model.hub.HubSettings;
import dev.minke.model.hub.ModelPull;
import dev.minke.model.hub.ModelReference;
import dev.minke.model.hub.ModelStore;
import dev.minke.model.hub.ProxySettings;
import dev.minke.model.hub.PullListener;
import dev.minke.model.hub.PullOptions;
import dev.minke.model.hub.PullResult;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Fetches a model.
///
/// A token comes from HF_TOKEN; the one that `hf auth login` has left in a file is for
/// huggingface.co only.
@Command(
        name = "pull",
        description =
                "Fetch a model from a Hugging Face-compatible hub; goes on where an earlier attempt"
                        + " ended.",
        footer = {
            "",
            "Reads HF_TOKEN, HF_ENDPOINT, MINKE_HOME, HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
        },
        mixinStandardHelpOptions = true)
final class Pull implements Callable<Integer> {
    private static final String TUNNEL_SCHEMES = "jdk.http.auth.tunneling.disabledSchemes";
    private static final long MOST_TOKEN_BYTES = 1 << 16;

    private final Console console;
    private final Map<String, String> environment;
    private final Path home;
    private final ModelStore store;

    @Parameters(
            index = "0",
            paramLabel = "NAME",
            description =
                    "ORG/NAME[@REVISION][:QUANTISATION], such as deepseek-ai/DeepSeek-V2-Lite or"
                            + " ORG/NAME:Q4_K_M.")
    private String name = "";

    @Option(
            names = "--revision",
            paramLabel = "REV",
            description = "Branch, tag or commit (default: main).")
    private Optional<String> revision = Optional.empty();

    @Option(
            names = "--endpoint",
            paramLabel = "URL",
            description = "The hub (default: HF_ENDPOINT, else https://huggingface.co).")
    private Optional<String> endpoint = Optional.empty();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "The folder (default: MINKE_HOME/models/ORG/NAME, or that in ~/.minke).")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--include",
            paramLabel = "GLOB",
            description = "Fetch exactly the files that match, such as '*Q4_K_M*'; repeatable.")
    private List<String> include = List.of();

    @Option(
            names = "--exclude",
            paramLabel = "GLOB",
            description = "Leave out the files that match; repeatable.")
    private List<String> exclude = List.of();

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "4",
            description = "Ranges of files to fetch at a time (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    Pull(Console console) {
        this(
                console,
                System.getenv(),
                Path.of(System.getProperty("user.home", "")),
                new ModelStore(Home.models()));
    }

    /// @param environment the variables of the process
    /// @param home the user's folder
    Pull(Console console, Map<String, String> environment, Path home, ModelStore store) {
        this.console = console;
        this.environment = Map.copyOf(environment);
        this.home = home;
        this.store = store;
    }

    @Override
    public Integer call() throws IOException {
        if (Set.of("1", "true", "yes", "on")
                .contains(variable("HF_HUB_OFFLINE").toLowerCase(Locale.ROOT))) {
            throw new HubException("HF_HUB_OFFLINE is set: nothing is fetched");
        }
        ModelReference reference = reference();
        HubSettings settings = settings();
        PullOptions options = PullOptions.standard().withConnections(connections);
        if (out.isPresent()) {
            options = options.withOut(out.get());
        }
        long begin = System.nanoTime();
        try (HubClient client = new HubClient(settings)) {
            PullResult result =
                    new ModelPull(client, store, new Shown(console))
                            .run(reference, new FileSelection(include, exclude), options);
            report(reference, result, (System.nanoTime() - begin) * 1e-9);
        } catch (ChoiceNeeded choice) {
            for (ChoiceNeeded.Choice each : choice.choices()) {
                console.note(
                        "  %-24s %10s%s"
                                .formatted(
                                        each.name(),
                                        ByteCount.text(each.bytes()),
                                        each.files() == 1
                                                ? ""
                                                : "  %d files".formatted(each.files())));
            }
            throw new HubException(choice.question(), choice);
        }
        return 0;
    }

    private ModelReference reference() {
        ModelReference reference = ModelReference.parse(name);
        if (revision.isEmpty() || revision.get().equals(reference.revision())) {
            return reference;
        }
        if (!reference.revision().equals(ModelReference.MAIN)) {
            throw new IllegalArgumentException(
                    "%s together with --revision %s, expected one revision"
                            .formatted(name, revision.get()));
        }
        return reference.at(revision.get());
    }

    private HubSettings settings() throws IOException {
        String address =
                endpoint.orElseGet(
                        () -> first(variable("HF_ENDPOINT"), HubSettings.HUGGING_FACE.toString()));
        ProxySettings proxy =
                ProxySettings.of(
                        first(variable("HTTPS_PROXY"), variable("https_proxy")),
                        first(variable("HTTP_PROXY"), variable("http_proxy")),
                        first(variable("NO_PROXY"), variable("no_proxy")));
        if (proxy.authenticates() && System.getProperty(TUNNEL_SCHEMES) == null) {
            System.setProperty(
                    TUNNEL_SCHEMES, ""); // else Java sends no password to a proxy for TLS
        }
        HubSettings settings =
                HubSettings.of(uri(address))
                        .withProxy(proxy)
                        .withUserAgent(
                                new Main.Version()
                                        .getVersion()[0]
                                        .replace("minke ", "minke/")
                                        .replaceAll("[^\\x21-\\x7e]", ""));
        String token = token(settings.endpoint().equals(HubSettings.HUGGING_FACE));
        if (token.isEmpty()) {
            return settings;
        }
        HubSettings known = settings.withToken(token);
        if (!known.sendsToken()) {
            console.note(
                    "the token is not sent to %s, which is not encrypted"
                            .formatted(settings.endpoint()));
        }
        return known;
    }

    private static URI uri(String text) {
        try {
            return URI.create(text.strip());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "hub endpoint \"%s\", expected an address such as %s"
                            .formatted(text, HubSettings.HUGGING_FACE),
                    e);
        }
    }

    private String token(boolean fileToo) throws IOException {
        String token = first(variable("HF_TOKEN"), variable("HUGGING_FACE_HUB_TOKEN"));
        if (!token.isEmpty() || !fileToo) {
            return token;
        }
        String named = variable("HF_TOKEN_PATH");
        String cache = first(variable("XDG_CACHE_HOME"), home.resolve(".cache").toString());
        Path file =
                named.isEmpty()
                        ? Path.of(
                                first(
                                        variable("HF_HOME"),
                                        Path.of(cache, "huggingface").toString()),
                                "token")
                        : Path.of(named);
        if (!Files.isReadable(file) || Files.size(file) > MOST_TOKEN_BYTES) {
            return "";
        }
        return Files.readString(file, StandardCharsets.ISO_8859_1).strip();
    }

    private String variable(String key) {
        return environment.getOrDefault(key, "").strip();
    }

    private static String first(String value, String otherwise) {
        return value.isEmpty() ? otherwise : value;
    }

    private void report(ModelReference reference, PullResult result, double seconds) {
        String usable = out.isPresent() ? result.model().toString() : reference.toString();
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("model", usable);
            object.put("path", result.model().toString());
            object.put("commit", result.commit());
            object.put("files", result.files());
            object.put("bytes", result.bytes());
            object.put("fetchedBytes", result.fetchedBytes());
            object.put("seconds", seconds);
            console.json(object);
            return;
        }
        console.result(
                result.fetchedBytes() == 0
                        ? "%s was complete already: %s".formatted(reference, result.folder())
                        : "fetched %s of %s in %s, %s/s: %s"
                                .formatted(
                                        ByteCount.text(result.fetchedBytes()),
                                        reference,
                                        TrainProgress.clock(seconds),
                                        ByteCount.text((long) (result.fetchedBytes() / seconds)),
                                        result.folder()));
        console.result("next: ./minke generate " + usable + " \"Once\"");
    }

    /// Prints how a pull goes.
    private static final class Shown implements PullListener {
        private final Console console;

        Shown(Console console) {
            this.console = console;
        }

        @Override
        public void planned(
                HubRepository repository, Path folder, int files, long bytes, long toFetch) {
            console.note(
                    "%s at %s: %d files, %s%s, into %s"
                            .formatted(
                                    repository.name(),
                                    repository.commit().substring(0, 7),
                                    files,
                                    ByteCount.text(bytes),
                                    toFetch == bytes
                                            ? ""
                                            : ", of which %s are missing"
                                                    .formatted(ByteCount.text(toFetch)),
                                    folder));
        }

        @Override
        public void progress(Progress progress) {
            console.progress(() -> line(progress));
        }

        @Override
        public void note(String line) {
            console.note(Failures.line(line));
        }

        private static String line(Progress progress) {
            double eta = progress.etaSeconds();
            double share =
                    progress.totalBytes() == 0
                            ? 100
                            : 100.0 * progress.bytes() / progress.totalBytes();
            return "%s of %s  %.0f %%  %s/s  ETA %s  file %d/%d%s"
                    .formatted(
                            ByteCount.text(progress.bytes()),
                            ByteCount.text(progress.totalBytes()),
                            share,
                            ByteCount.text((long) progress.bytesPerSecond()),
                            Double.isNaN(eta) ? "-" : TrainProgress.clock(eta),
                            progress.files(),
                            progress.totalFiles(),
                            progress.verifying() > 0 ? "  verifying" : "");
        }
    }
}
