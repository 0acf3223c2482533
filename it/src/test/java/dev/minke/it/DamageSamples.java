package dev.minke.it;

import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.checkpoint.SafetensorsWriter;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.checkpoint.TensorInfo;
import dev.minke.model.checkpoint.TensorSpec;
import dev.minke.model.checkpoint.gguf.GgufCheckpoint;
import dev.minke.model.checkpoint.gguf.GgufTensor;
import dev.minke.model.checkpoint.gguf.GgufTensorSpec;
import dev.minke.model.checkpoint.gguf.GgufType;
import dev.minke.model.checkpoint.gguf.GgufValue;
import dev.minke.model.checkpoint.gguf.GgufWriter;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.files.Conversion;
import dev.minke.model.files.ModelFiles;
import dev.minke.model.files.Quantization;
import dev.minke.model.nn.Parameters;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.model.text.BpeTrainer;
import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.Kernels;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/// Small whole models of every kind, in files to be damaged.
final class DamageSamples {
    private static final String WHALES =
            """
            The whale sings at 52 hertz. Nobody answers; it swims 1234 miles on and sings again.
            Der Wal singt. 鲸鱼在唱歌。 The wall, the well, the will: "don't" they say, they'll see!
            """;

    /// Rows of 256, so that K-quants fit, and a vocabulary for every byte.
    private static final String WIDE =
            """
            {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3",
             "vocab_size": 320, "hidden_size": 256, "intermediate_size": 32,
             "moe_intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
             "num_key_value_heads": 2, "q_lora_rank": 32, "kv_lora_rank": 32,
             "qk_nope_head_dim": 32, "qk_rope_head_dim": 4, "v_head_dim": 32,
             "n_routed_experts": 4, "num_experts_per_tok": 2, "n_shared_experts": 1,
             "n_group": 2, "topk_group": 1, "routed_scaling_factor": 2.5,
             "first_k_dense_replace": 1, "max_position_embeddings": 128,
             "num_nextn_predict_layers": 0, "scoring_func": "sigmoid",
             "rope_scaling": {"type": "yarn", "factor": 40, "mscale": 1.0, "mscale_all_dim": 1.0,
                "original_max_position_embeddings": 64, "beta_fast": 32, "beta_slow": 1},
             "bos_token_id": 0, "eos_token_id": 1,
             "topk_method": "noaux_tc", "norm_topk_prob": true}
            """;

    private static final String OTHER_NORMALIZER =
            """
            {"type": "Sequence", "normalizers": [{"type": "NFC"}]}\
            """;
    private static final String OTHER_POST_PROCESSOR =
            """
            {"type": "Sequence", "processors": [{"type": "ByteLevel", "trim_offsets": false},
              {"type": "TemplateProcessing", "single":
                [{"SpecialToken": {"id": "<｜begin▁of▁sentence｜>", "type_id": 0}},
                 {"Sequence": {"id": "A", "type_id": 0}}]}]}\
            """;
    private static final String OTHER_PRE_TOKENIZER =
            """
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
              {"type": "Split", "pattern": {"String": "a.b"}, "behavior": "Isolated"},
              {"type": "Digits", "individual_digits": true},
              {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": "[^\\\\p{L}]+|\\\\s+(?!\\\\S)"},
                 "behavior": "Isolated", "invert": false}]},
              {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}]},
            """;

    /// What chat templates in the wild do.
    static final String TEMPLATE =
            """
            {%- macro call(tool, args={}) -%}
            <tool>{{ tool.name | trim }}({{ args | tojson }})</tool>
            {%- endmacro -%}
            {%- set ns = namespace(system='', first=true, count=0) -%}
            {%- if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif -%}
            {%- for message in messages if message['role'] == 'system' -%}
              {%- set ns.system = ns.system ~ (message.content or '') ~ '\n' -%}
            {%- endfor -%}
            {{ bos_token }}{{ ns.system }}
            {%- if tools is not none and tools | length > 0 %}
            {%- for tool in tools %}
            {{- loop.index0 }}/{{ loop.length }}: {{ tool | tojson(indent=2) }}
            {%- if not loop.last %}, {% endif %}
            {%- endfor %}
            {%- endif %}
            {%- for message in messages[1:] %}
              {%- if message.role == 'user' or (message.role == 'tool' and loop.index > 1) %}
                {{- '<｜User｜>' + message['content'] | string }}
              {%- elif message.role == 'assistant' and message.tool_calls is defined %}
                {%- for c in message.tool_calls %}{{ call(c.function, c.function.arguments) }}{% endfor %}
              {%- elif message.content is string and '</think>' in message.content %}
                {{- message.content.split('</think>')[-1].strip('\n') | upper }}
                {%- set ns.count = ns.count + 1 * 2 % 7 - 3 // 2 %}
              {%- else %}
                {{- raise_exception("no such role " + message.role) }}
              {%- endif %}
            {%- endfor %}
            {#- the end -#}
            {{- "%s %d" | format(ns.count, 3) ~ strftime_now('%d %b %Y') if ns.first else '' }}
            {%- for k, v in {'b': 1, 'a': [1.5, none, true]} | dictsort %}{{ k }}={{ v }}{% endfor %}
            {%- if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %}
            """;

    private final Path folder;
    private final Kernels kernels;

    DamageSamples(Path folder, Kernels kernels) {
        this.folder = folder;
        this.kernels = kernels;
    }

    /// Bytes of a safetensors file before its data.
    static int safetensorsHeader(byte[] file) {
        return 8 + (int) MemorySegment.ofArray(file).get(DamageBytes.LONG, 0);
    }

    static DeepSeekConfig wide() throws IOException {
        return DeepSeekConfig.parse(WIDE, "wide");
    }

    /// A folder with one file of weights.
    Path single(String name, DeepSeekConfig config, StoredType type) throws IOException {
        Path path = folder.resolve(name);
        try (DeepSeekModel model = SmallModels.random(config, Parameters.forInference(), 7)) {
            ModelFolder.save(model, path, type, kernels);
        }
        return path;
    }

    /// A folder with several shards and their index, and names beside them that lead astray.
    Path sharded(String name, DeepSeekConfig config) throws IOException {
        Path whole = single(name + "-whole", config, StoredType.BF16);
        Path path = folder.resolve(name);
        rewrite(whole, path, 2048, info -> info.spec());
        Files.createDirectory(path.resolve("folder.safetensors"));
        Path loop = path.resolve("loop.safetensors");
        Files.createSymbolicLink(loop, loop);
        Files.createSymbolicLink(path.resolve("device.safetensors"), Path.of("/dev/zero"));
        return path;
    }

    /// The name of a shard, from 0.
    static String shard(Path folder, int number) throws IOException {
        try (var files = Files.newDirectoryStream(folder, "model-*.safetensors")) {
            List<String> names = new ArrayList<>();
            files.forEach(file -> names.add(file.getFileName().toString()));
            return names.stream().sorted().toList().get(number);
        }
    }

    /// Makes another tensor of one, of as many bytes or fewer.
    private interface Change {
        TensorSpec of(TensorInfo info);
    }

    private static void rewrite(Path from, Path to, long shardBytes, Change change)
            throws IOException {
        try (HuggingFaceFolder source = HuggingFaceFolder.open(from)) {
            List<TensorSpec> specs = new ArrayList<>();
            for (String name : source.names()) {
                specs.add(change.of(source.info(name)));
            }
            try (SafetensorsWriter writer = SafetensorsWriter.toFolder(to, specs, shardBytes)) {
                for (TensorSpec spec : specs) {
                    MemorySegment data = source.data(spec.name());
                    writer.write(spec.name(), data.asSlice(0, spec.byteSize()));
                }
                writer.commit();
            }
        }
        Files.copy(from.resolve("config.json"), to.resolve("config.json"));
    }

    /// A folder in FP8, its scales as numbers.
    Path fp8(String name, DeepSeekConfig config) throws IOException {
        Path whole = single(name + "-whole", config, StoredType.F32);
        Path path = folder.resolve(name);
        try (ModelFiles files = ModelFiles.open(whole)) {
            conversion(files).toHuggingFace(path, Quantization.FP8, false);
        }
        return path;
    }

    /// A folder in FP8 whose scales are single bytes, powers of two.
    Path fp8WithPowersOfTwo(String name, DeepSeekConfig config) throws IOException {
        Path whole = fp8(name + "-f32", config);
        Path path = folder.resolve(name);
        rewrite(
                whole,
                path,
                Long.MAX_VALUE,
                info ->
                        info.name().endsWith("_scale_inv")
                                ? new TensorSpec(info.name(), StoredType.F8_E8M0, info.shape())
                                : info.spec());
        return path;
    }

    private Conversion conversion(ModelFiles files) {
        return new Conversion(files, true, kernels, (_, _, _) -> {});
    }

    /// GGUF files, one or several parts, with a vocabulary where the embedding has room for one.
    List<Path> gguf(String name, DeepSeekConfig config, Quantization type, long partBytes)
            throws IOException {
        Path whole = single(name + "-whole", config, StoredType.F32);
        if (config.vocabSize() >= 300) {
            tokenizer().save(whole);
        }
        try (ModelFiles files = ModelFiles.open(whole)) {
            return conversion(files)
                    .toGguf(folder.resolve(name + ".gguf"), Optional.of(type), partBytes);
        }
    }

    /// A copy of a GGUF file with every block type there is a decoder for, and random blocks.
    Path everyType(String name, Path from) throws IOException {
        BlockFormat[] formats = BlockFormat.values();
        Path path = folder.resolve(name + ".gguf");
        try (GgufCheckpoint source = GgufCheckpoint.open(from)) {
            List<GgufTensorSpec> specs = new ArrayList<>();
            int next = 0;
            for (GgufTensor tensor : source.tensors()) {
                GgufType type = tensor.type();
                if (tensor.shape().length > 1) {
                    BlockFormat format = formats[next++ % formats.length];
                    if (tensor.columns() % format.blockSize() == 0) {
                        type = GgufType.valueOf(format.name());
                    }
                }
                specs.add(new GgufTensorSpec(tensor.name(), type, tensor.shape()));
            }
            write(path, source.metadata().toMap(), specs);
        }
        return path;
    }

    /// A copy of a GGUF file of `config` in the layout from before MLA, `kv_b` in one tensor.
    Path legacy(String name, Path from, DeepSeekConfig config) throws IOException {
        Path path = folder.resolve(name + ".gguf");
        var mla = config.mla();
        try (GgufCheckpoint source = GgufCheckpoint.open(from)) {
            SequencedMap<String, GgufValue> metadata =
                    new LinkedHashMap<>(source.metadata().toMap());
            metadata.remove("deepseek2.attention.key_length_mla");
            metadata.remove("deepseek2.attention.value_length_mla");
            metadata.put("deepseek2.attention.key_length", GgufValue.uint32(config.qkHeadDim()));
            metadata.put("deepseek2.attention.value_length", GgufValue.uint32(mla.vHeadDim()));
            List<GgufTensorSpec> specs = new ArrayList<>();
            for (GgufTensor tensor : source.tensors()) {
                if (tensor.name().endsWith("attn_k_b.weight")) {
                    specs.add(
                            new GgufTensorSpec(
                                    tensor.name().replace("_k_b", "_kv_b"),
                                    GgufType.F16,
                                    new long[] {mla.kvUpRows(), mla.kvLoraRank()}));
                } else if (!tensor.name().endsWith("attn_v_b.weight")) {
                    specs.add(tensor.spec());
                }
            }
            write(path, metadata, specs);
        }
        return path;
    }

    private static void write(
            Path path, SequencedMap<String, GgufValue> metadata, List<GgufTensorSpec> specs)
            throws IOException {
        java.util.Random random = new java.util.Random(3);
        try (GgufWriter writer = GgufWriter.toFile(path, metadata, specs)) {
            for (GgufTensorSpec spec : specs) {
                byte[] bytes = new byte[(int) spec.byteSize()];
                random.nextBytes(bytes);
                writer.write(spec.name(), MemorySegment.ofArray(bytes));
            }
            writer.commit();
        }
    }

    /// A GGUF file with a vocabulary and a template, and no tensors.
    Path vocabulary(String name, Path from) throws IOException {
        Path path = folder.resolve(name + ".gguf");
        try (GgufCheckpoint source = GgufCheckpoint.open(from)) {
            SequencedMap<String, GgufValue> metadata =
                    new LinkedHashMap<>(source.metadata().toMap());
            metadata.put("tokenizer.chat_template", GgufValue.string(TEMPLATE));
            write(path, metadata, List.of());
        }
        return path;
    }

    /// What may be where a file should be.
    static List<DamageTrial.Oddity> oddities() {
        List<DamageTrial.Oddity> oddities = new ArrayList<>();
        oddities.add(new DamageTrial.Oddity("nothing", path -> {}));
        oddities.add(new DamageTrial.Oddity("empty file", Files::createFile));
        oddities.add(new DamageTrial.Oddity("folder", Files::createDirectory));
        oddities.add(
                new DamageTrial.Oddity(
                        "link to itself", path -> Files.createSymbolicLink(path, path)));
        oddities.add(
                new DamageTrial.Oddity(
                        "link to nothing",
                        path -> Files.createSymbolicLink(path, path.resolveSibling("none"))));
        oddities.add(
                new DamageTrial.Oddity(
                        "link to its folder",
                        path -> Files.createSymbolicLink(path, path.getParent())));
        for (String device : List.of("/dev/zero", "/dev/null")) {
            if (Files.exists(Path.of(device))) {
                oddities.add(
                        new DamageTrial.Oddity(
                                "link to " + device,
                                path -> Files.createSymbolicLink(path, Path.of(device))));
            }
        }
        if (Files.isExecutable(Path.of("/usr/bin/mkfifo"))) {
            oddities.add(new DamageTrial.Oddity("pipe", DamageSamples::makePipe));
        }
        return oddities;
    }

    private static void makePipe(Path path) throws IOException {
        try {
            new ProcessBuilder("/usr/bin/mkfifo", path.toString()).start().waitFor();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    /// A tokenizer that has merges, splits and added tokens.
    static BpeTokenizer tokenizer() {
        return BpeTrainer.train(BpeTrainer.Options.deepSeekV3(300), List.of(WHALES.repeat(3)));
    }

    /// A text that meets every part of a tokenizer, and the weak places of regular expressions.
    static String text() {
        return WHALES
                + "<｜begin▁of▁sentence｜>a\u0301 \ud83d\udc0b\u0000\r\n   x"
                + "a".repeat(3000)
                + "! "
                + " ".repeat(300)
                + "ab".repeat(500)
                + "1".repeat(300);
    }

    /// A folder with tokenizer.json, tokenizer_config.json and a chat template.
    Path tokenizer(String name) throws IOException {
        Path path = Files.createDirectories(folder.resolve(name));
        tokenizer().save(path);
        Files.writeString(path.resolve("chat_template.jinja"), TEMPLATE);
        return path;
    }

    /// A folder whose tokenizer.json has the parts that only other models have.
    Path otherTokenizer(String name) throws IOException {
        Path path = tokenizer(name);
        Path file = path.resolve("tokenizer.json");
        String json = Files.readString(file);
        int from = json.indexOf("\"pre_tokenizer\"");
        int to = json.indexOf("\"post_processor\"");
        Files.writeString(
                file,
                (json.substring(0, from) + OTHER_PRE_TOKENIZER + json.substring(to))
                        .replaceFirst(
                                "\"normalizer\" *: *null", "\"normalizer\":" + OTHER_NORMALIZER)
                        .replaceFirst(
                                "\"post_processor\" *: *null",
                                "\"post_processor\":" + OTHER_POST_PROCESSOR));
        return path;
    }

    /// A folder with the files of Kimi-K2's tokenizer.
    Path tiktoken(String name) throws IOException {
        Path path = Files.createDirectories(folder.resolve(name));
        BpeTokenizer tokenizer = tokenizer();
        StringBuilder lines = new StringBuilder();
        int rank = 0;
        for (int id = 3; id < tokenizer.vocabSize(); id++) {
            lines.append(Base64.getEncoder().encodeToString(tokenizer.bytes(id)))
                    .append(' ')
                    .append(rank++)
                    .append('\n');
        }
        Files.writeString(path.resolve("tiktoken.model"), lines);
        Files.writeString(
                path.resolve("tokenizer_config.json"),
                """
                {"added_tokens_decoder": {
                   "%d": {"content": "[BOS]", "special": true},
                   "%d": {"content": "[EOS]", "special": true},
                   "%d": {"content": "<|im_end|>", "special": false}},
                 "bos_token": "[BOS]", "eos_token": {"content": "[EOS]"},
                 "chat_template": [{"name": "default", "template": "{{ messages }}"},
                                   {"name": "tool_use", "template": "{{ tools | tojson }}"}]}
                """
                        .formatted(rank, rank + 1, rank + 2));
        return path;
    }
}
