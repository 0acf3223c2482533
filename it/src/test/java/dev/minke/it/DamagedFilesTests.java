package dev.minke.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.it.DamageTrial.Source;
import dev.minke.it.DamageTrial.Tally;
import dev.minke.it.DamageTrial.Use;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.files.ModelFiles;
import dev.minke.model.files.Quantization;
import dev.minke.model.files.StoredTensors;
import dev.minke.model.files.TextFiles;
import dev.minke.model.files.WeightRows;
import dev.minke.model.nn.Parameters;
import dev.minke.model.template.ChatInput;
import dev.minke.model.template.ChatTemplate;
import dev.minke.model.template.ChatTemplates;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Damaged files of every kind end in one line that names the file, or load.
///
/// A failure names its case, such as `v3/config.json #17: ...`; `-Ddamage.only="v3/config.json"`
/// and `-Ddamage.first=17 -Ddamage.count=1` repeat it alone, `-Ddamage.seed=2` tries other ones.
class DamagedFilesTests {
    private static final long SEED = Long.getLong("damage.seed", 1);
    private static final String ONLY = System.getProperty("damage.only", "");
    private static final int FIRST = Integer.getInteger("damage.first", 0);
    private static final int TOTAL = Integer.getInteger("damage.count", 0);
    private static final boolean REPORT = Boolean.getBoolean("damage.report");

    private static final Team TEAM = new Team(1);
    private static Kernels kernels;

    @TempDir private static Path scratch;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, "reference");
    }

    @AfterAll
    static void close() {
        TEAM.close();
    }

    // ---------------------------------------------------------------- weights

    private static final DamageJson SAFETENSORS =
            new DamageJson(
                    List.of(
                            "F64",
                            "F32",
                            "F16",
                            "BF16",
                            "F8_E4M3",
                            "F8_E5M2",
                            "F8_E8M0",
                            "I64",
                            "I32",
                            "I16",
                            "I8",
                            "U8",
                            "BOOL",
                            "F4",
                            "U16",
                            "dtype",
                            "shape",
                            "data_offsets",
                            "__metadata__"));

    private static final DamageJson INDEX =
            new DamageJson(
                    List.of(
                            "model.safetensors.index.json",
                            "model.safetensors",
                            "../model.safetensors",
                            "..",
                            "/etc/passwd",
                            "/dev/zero.safetensors",
                            "folder.safetensors",
                            "loop.safetensors",
                            "device.safetensors",
                            "none.safetensors",
                            "a/b.safetensors",
                            "a\\b.safetensors",
                            "鲸.safetensors",
                            "\ud800.safetensors",
                            ".safetensors",
                            "model-00001-of-00099.safetensors",
                            "weight_map"));

    private static final DamageJson CONFIG =
            new DamageJson(
                    List.of(
                            "deepseek_v2",
                            "deepseek_v3",
                            "kimi_k2",
                            "llama",
                            "qwen2",
                            "DeepseekV3ForCausalLM",
                            "softmax",
                            "sigmoid",
                            "greedy",
                            "noaux_tc",
                            "group_limited_greedy",
                            "yarn",
                            "llama3",
                            "linear",
                            "default",
                            "dynamic",
                            "fp8",
                            "e4m3",
                            "ue8m0",
                            "silu",
                            "bfloat16",
                            "rope_scaling",
                            "rope_parameters",
                            "quantization_config",
                            "n_routed_experts",
                            "num_hidden_layers",
                            "tie_word_embeddings",
                            "head_dim"));

    /// What a user does with a model: list its tensors; open it, check it, read rows; load it.
    private static List<Use> modelUses(Path path) {
        return List.of(
                Use.of(() -> StoredTensors.of(path).forEach(StoredTensors.Entry::elements)),
                Use.of(() -> open(path)),
                Use.ofWhole(() -> load(path).close()));
    }

    private static DeepSeekModel load(Path path) throws IOException {
        return ModelFolder.load(path, Parameters.forInference(), kernels);
    }

    /// Run a model that was loaded: its configuration may be a strange one.
    private static void run(Path path) throws IOException {
        try (DeepSeekModel model = load(path)) {
            int[] tokens = new int[Math.min(3, model.config().maxPositionEmbeddings())];
            assertThat(SmallModels.logits(model, kernels, tokens))
                    .hasSize(tokens.length * model.config().vocabSize());
        }
    }

    private static Source running(Source source, Path path) {
        List<Use> uses = new ArrayList<>(source.uses());
        uses.add(Use.ofWhole(() -> run(path)));
        return new Source(source.name(), source.victim(), source.named(), source.mutator(), uses);
    }

    private static void open(Path path) throws IOException {
        try (ModelFiles files = ModelFiles.open(path)) {
            describe(files);
            files.names().stream().limit(200).forEach(name -> findUnchecked(files, name));
            files.check();
            for (String name : files.names()) {
                read(files.weight(name));
            }
        }
    }

    /// Look a tensor up that may not be there, or not in its shape.
    private static void findUnchecked(ModelFiles files, String name) {
        try {
            assertThat(files.weight(name).rows()).isNotNegative();
        } catch (IOException e) {
            assertThat(e).message().contains(files.path().getParent().toString());
        }
    }

    private static void describe(ModelFiles files) {
        DeepSeekConfig config = files.config();
        assertThat(files.format()).isNotEmpty();
        assertThat(files.bytes()).isNotNegative();
        assertThat(config.parameterCount()).isPositive();
        assertThat(config.activeParameterCount()).isPositive();
        assertThat(config.mtpParameterCount()).isNotNegative();
        assertThat(config.cacheElementsPerToken()).isPositive();
        assertThat(config.softmaxScale()).isNotNegative();
    }

    /// The first rows, the last one, and one in between where no group of rows begins.
    private static void read(WeightRows rows) throws IOException {
        read(rows, 0, Math.min(rows.rows(), 5));
        read(rows, rows.rows() - 1, 1);
        read(rows, rows.rows() / 2, 1);
    }

    private static void read(WeightRows rows, long from, long count) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Tensor to = Tensor.zeros(arena, count, rows.cols());
            rows.read(from, to, kernels);
        }
        assertThat(rows.bytes(from, from + count)).isNotNull();
    }

    private static Source folder(Path path, String victim, Damage.Mutator mutator) {
        return new Source(
                path.getFileName() + "/" + victim,
                path.resolve(victim),
                path.toString(),
                mutator,
                modelUses(path));
    }

    private static Damage.Mutator safetensors() {
        return SAFETENSORS.inSafetensors().or(new DamageBytes(DamageSamples::safetensorsHeader));
    }

    private static Damage.Mutator json(DamageJson json) {
        return (original, random) ->
                random.nextInt(4) == 0
                        ? new DamageBytes(file -> file.length).damage(original, random)
                        : json.damage(original, random);
    }

    @Test
    void endsDamageToSafetensorsInALineOrAModel() throws IOException {
        DamageSamples samples = new DamageSamples(scratch.resolve("safetensors"), kernels);
        String file = "model.safetensors";
        Path sharded = samples.sharded("sharded", SmallModels.v2());
        trial(
                2000,
                folder(samples.single("v3", SmallModels.v3(), StoredType.F32), file, safetensors()),
                folder(
                        samples.single("qwen2", SmallModels.qwen2(), StoredType.BF16),
                        file,
                        safetensors()),
                folder(samples.fp8("fp8", SmallModels.v3()), file, safetensors()),
                folder(
                        samples.fp8WithPowersOfTwo("fp8-ue8m0", SmallModels.v2()),
                        file,
                        safetensors()),
                folder(sharded, DamageSamples.shard(sharded, 1), safetensors()));
    }

    @Test
    void endsDamageToAnIndexInALineOrAModel() throws IOException {
        DamageSamples samples = new DamageSamples(scratch.resolve("index"), kernels);
        String file = "model.safetensors.index.json";
        trial(
                1000,
                folder(samples.sharded("v3", SmallModels.v3()), file, json(INDEX)),
                folder(samples.sharded("llama", SmallModels.llama()), file, json(INDEX)));
    }

    @Test
    void endsDamageToAConfigurationInALineOrAModel() throws IOException {
        DamageSamples samples = new DamageSamples(scratch.resolve("config"), kernels);
        List<Source> sources = new ArrayList<>();
        String file = "config.json";
        for (var named :
                List.of(
                        SmallModels.v3(),
                        SmallModels.v2(),
                        SmallModels.llama(),
                        SmallModels.qwen2(),
                        DamageSamples.wide())) {
            String name = named.family().modelType() + "-" + named.hiddenSize();
            Path path = samples.single(name, named, StoredType.BF16);
            sources.add(folder(path, file, json(CONFIG)));
        }
        // a run takes longer than all else together
        for (int i : new int[] {0, 2}) {
            Source source = sources.get(i);
            sources.set(i, running(source, source.victim().getParent()));
        }
        sources.add(folder(samples.fp8("fp8", SmallModels.v3()), file, json(CONFIG)));
        trial(2000, sources.toArray(Source[]::new));
    }

    // ---------------------------------------------------------------- GGUF

    private static Source gguf(Path path, Path victim) throws IOException {
        List<Use> uses = new ArrayList<>(modelUses(path));
        if (TextFiles.has(path)) {
            uses.add(Use.of(() -> encode(path)));
        }
        uses.add(Use.of(() -> assertThat(TextFiles.templates(path)).isNotNull()));
        return new Source(
                victim.getFileName().toString(),
                victim,
                path.getParent().toString(),
                new DamageGguf().or(new DamageBytes(DamageGguf::header)),
                uses);
    }

    private static void encode(Path path) throws IOException {
        var tokenizer = TextFiles.tokenizer(path);
        int[] ids;
        try {
            ids = tokenizer.encode(DamageSamples.text());
        } catch (IllegalArgumentException e) {
            // the tokenizer was read, and says of a text that it cannot be encoded
            assertThat(e).message().isNotBlank().hasSizeLessThan(1000).doesNotContain("\n");
            return;
        }
        for (int id : ids) {
            assertThat(tokenizer.bytes(id)).isNotEmpty();
        }
    }

    @Test
    void endsDamageToGgufInALineOrAModel() throws IOException {
        DamageSamples samples = new DamageSamples(scratch.resolve("gguf"), kernels);
        DeepSeekConfig wide = DamageSamples.wide();
        long one = Long.MAX_VALUE;
        Path mixed = samples.gguf("v3-q4_k_m", wide, Quantization.Q4_K_M, one).getFirst();
        Path v2 = samples.gguf("v2-f16", SmallModels.v2(), Quantization.F16, one).getFirst();
        List<Path> parts = samples.gguf("parts", SmallModels.v3(), Quantization.BF16, 8000);
        List<Source> sources = new ArrayList<>();
        for (Path path :
                List.of(
                        mixed,
                        v2,
                        samples.gguf("v3-bf16", SmallModels.v3(), Quantization.BF16, one)
                                .getFirst(),
                        samples.gguf("qwen2-q8_0", SmallModels.qwen2(), Quantization.Q8_0, one)
                                .getFirst(),
                        samples.gguf("llama-q4_0", SmallModels.llama(), Quantization.Q4_0, one)
                                .getFirst(),
                        samples.everyType("every-type", mixed),
                        samples.legacy("v2-legacy", v2, SmallModels.v2()))) {
            sources.add(gguf(path, path));
        }
        sources.set(1, running(sources.get(1), v2));
        sources.add(gguf(parts.getFirst(), parts.getFirst()));
        sources.add(gguf(parts.getFirst(), parts.get(1)));
        trial(3000, sources.toArray(Source[]::new));
    }

    // ---------------------------------------------------------------- text

    private static final DamageJson TOKENIZER =
            new DamageJson(
                    List.of(
                            "(a+)+$",
                            "\\p{N}{1,3}",
                            "\\s+(?!\\S)|\\s+",
                            "(",
                            "NFC",
                            "NFKC",
                            "BPE",
                            "Sequence",
                            "ByteLevel",
                            "Split",
                            "Digits",
                            "TemplateProcessing",
                            "Isolated",
                            "Removed",
                            "String",
                            "Regex",
                            "a b",
                            " ",
                            "a  b",
                            "Ġ Ġ",
                            "<｜end▁of▁sentence｜>",
                            "鲸"));

    private static Source tokenizer(Path folder, String victim, Damage.Mutator mutator) {
        return new Source(
                folder.getFileName() + "/" + victim,
                folder.resolve(victim),
                folder.toString(),
                mutator,
                List.of(Use.of(() -> encode(folder))));
    }

    @Test
    void endsDamageToATokenizerInALineOrATokenizer() throws IOException {
        DamageSamples samples = new DamageSamples(scratch.resolve("tokenizer"), kernels);
        Path model =
                samples.gguf("model", DamageSamples.wide(), Quantization.Q8_0, Long.MAX_VALUE)
                        .getFirst();
        Path kimi = samples.tiktoken("kimi");
        trial(
                2000,
                tokenizer(samples.tokenizer("deepseek"), "tokenizer.json", json(TOKENIZER)),
                tokenizer(samples.otherTokenizer("other"), "tokenizer.json", json(TOKENIZER)),
                tokenizer(samples.tokenizer("beside"), "tokenizer_config.json", json(TOKENIZER)),
                tokenizer(kimi, "tiktoken.model", new DamageBytes(file -> file.length)),
                tokenizer(kimi, "tokenizer_config.json", json(TOKENIZER)),
                gguf(samples.vocabulary("vocabulary", model)));
    }

    private static Source gguf(Path path) {
        return new Source(
                path.getFileName().toString(),
                path,
                path.toString(),
                new DamageGguf().or(new DamageBytes(DamageGguf::header)),
                List.of(Use.of(() -> encode(path)), Use.of(() -> TextFiles.templates(path))));
    }

    private static Source template(Path folder, String victim, Damage.Mutator mutator) {
        return new Source(
                folder.getFileName() + "/" + victim,
                folder.resolve(victim),
                folder.toString(),
                mutator,
                List.of(Use.of(() -> render(folder))));
    }

    private static void render(Path folder) throws IOException {
        ChatTemplates templates = ChatTemplates.read(folder);
        for (String name : templates.names()) {
            ChatTemplate template = templates.template(name);
            assertThat(template.render(conversation(templates))).isNotNull();
        }
    }

    private static ChatInput conversation(ChatTemplates templates) {
        Map<String, Object> function = Map.of("name", " f ", "arguments", Map.of("a", 1, "b", "é"));
        return ChatInput.of(
                        List.of(
                                ChatInput.message("system", "Be <kind> & 'true'."),
                                ChatInput.message("user", "鲸\n"),
                                Map.of(
                                        "role",
                                        "assistant",
                                        "tool_calls",
                                        List.of(Map.of("function", function))),
                                ChatInput.message("tool", "22"),
                                ChatInput.message("assistant", "<think>x</think>\nhello")))
                .withTools(List.of(Map.of("type", "function", "function", function)))
                .withSpecialTokens(templates.specialTokens());
    }

    @Test
    void endsDamageToATemplateInALineOrAText() throws IOException {
        DamageSamples samples = new DamageSamples(scratch.resolve("template"), kernels);
        trial(
                1000,
                template(samples.tokenizer("jinja"), "chat_template.jinja", new DamageTemplate()),
                template(
                        samples.tokenizer("bytes"),
                        "chat_template.jinja",
                        new DamageBytes(file -> file.length)),
                template(samples.tiktoken("json"), "tokenizer_config.json", json(TOKENIZER)));
    }

    // ---------------------------------------------------------------- size

    /// Files that are made to become large in memory.
    @Test
    void takesLittleMemoryForWhatIsOnlyClaimed() throws IOException {
        DamageSamples samples = new DamageSamples(scratch.resolve("claims"), kernels);
        Path v3 = samples.single("v3", SmallModels.v3(), StoredType.BF16);
        Path sharded = samples.sharded("sharded", SmallModels.v3());
        Path fp8 = samples.fp8("fp8", SmallModels.v3());
        Path gguf =
                samples.gguf("v3", SmallModels.v3(), Quantization.BF16, Long.MAX_VALUE).getFirst();
        Path text = samples.tokenizer("text");
        List<String> failures = new ArrayList<>();
        DamageClaims claims = new DamageClaims();
        String json = "config.json";
        failures.addAll(run(folder(v3, json, CONFIG), claims.configurations(v3.resolve(json))));
        failures.addAll(run(folder(fp8, json, CONFIG), claims.configurations(fp8.resolve(json))));
        failures.addAll(run(folder(v3, "model.safetensors", CONFIG), claims.safetensors()));
        failures.addAll(
                run(folder(sharded, "model.safetensors.index.json", INDEX), claims.indexes()));
        failures.addAll(run(gguf(gguf, gguf), claims.ggufs(gguf)));
        Path tokenizer = text.resolve("tokenizer.json");
        failures.addAll(
                run(
                        tokenizer(text, "tokenizer.json", TOKENIZER),
                        claims.tokenizers(Files.readString(tokenizer))));
        failures.addAll(
                run(
                        tokenizer(text, "tokenizer.json", TOKENIZER),
                        claims.patterns(Files.readString(tokenizer))));
        assertThat(failures).as("\n" + String.join("\n", failures)).isEmpty();
    }

    private static List<String> run(Source source, List<Damage> damages) throws IOException {
        if (!source.name().contains(ONLY)) {
            return List.of();
        }
        Tally tally = DamageTrial.run(source, damages);
        if (REPORT) {
            System.out.println(source.name() + ": " + tally);
        }
        return tally.failures();
    }

    // ---------------------------------------------------------------- places

    /// Folders, links in circles, devices and pipes where files should be.
    @Test
    void endsWhatIsNoFileInALine() throws IOException {
        DamageSamples samples = new DamageSamples(scratch.resolve("places"), kernels);
        Path single = samples.single("single", SmallModels.qwen2(), StoredType.BF16);
        Path sharded = samples.sharded("sharded", SmallModels.v2());
        List<Path> parts = samples.gguf("parts", SmallModels.v2(), Quantization.F16, 8000);
        Path text = samples.tokenizer("text");
        Path kimi = samples.tiktoken("kimi");
        List<String> failures = new ArrayList<>();
        for (Source source :
                List.of(
                        folder(single, "config.json", CONFIG),
                        folder(single, "model.safetensors", CONFIG),
                        folder(sharded, "model.safetensors.index.json", INDEX),
                        folder(sharded, DamageSamples.shard(sharded, 1), INDEX),
                        gguf(parts.getFirst(), parts.getFirst()),
                        gguf(parts.getFirst(), parts.get(1)),
                        gguf(parts.get(1), parts.getFirst()),
                        tokenizer(text, "tokenizer.json", TOKENIZER),
                        tokenizer(text, "tokenizer_config.json", TOKENIZER),
                        tokenizer(kimi, "tiktoken.model", TOKENIZER),
                        template(text, "chat_template.jinja", TOKENIZER),
                        template(text, "tokenizer_config.json", TOKENIZER))) {
            if (source.name().contains(ONLY)) {
                Tally tally = DamageTrial.replace(source, DamageSamples.oddities());
                failures.addAll(tally.failures());
                if (REPORT) {
                    System.out.println(source.name() + ": " + tally);
                }
            }
        }
        assertThat(failures).as("\n" + String.join("\n", failures)).isEmpty();
    }

    // ---------------------------------------------------------------- running

    private static void trial(int total, Source... sources) throws IOException {
        List<String> failures = new ArrayList<>();
        int valid = 0;
        int refused = 0;
        for (Source source : sources) {
            if (!source.name().contains(ONLY)) {
                continue;
            }
            // whole files are no error
            for (Use use : source.uses()) {
                use.action().run();
            }
            long start = System.nanoTime();
            int count = TOTAL > 0 ? TOTAL : Math.ceilDiv(total, sources.length);
            Tally tally = DamageTrial.run(source, SEED, FIRST, count);
            failures.addAll(tally.failures());
            valid += tally.valid();
            refused += tally.refused();
            if (REPORT) {
                System.out.printf(
                        "%s: %.1f s, %s%n",
                        source.name(), (System.nanoTime() - start) * 1e-9, tally);
            }
        }
        assertThat(failures).as("\n" + String.join("\n", failures)).isEmpty();
        if (ONLY.isEmpty() && TOTAL == 0) {
            assertThat(refused).isGreaterThan(total / 3);
            assertThat(valid).isGreaterThan(total / 50);
        }
    }
}
