package dev.minke.it;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.regex.Matcher;

/// Files whose objects would take many times the size of the file, or that claim to be large.
final class DamageClaims {
    /// Expressions that try again and again, or do nothing very often.
    private static final List<String> HOSTILE =
            List.of(
                    "(a+)+$",
                    "(a|a)*b",
                    "(\\w+\\s?)*$",
                    "(x+x+)+y",
                    "(.*)*!!",
                    "(a*)*b",
                    "(?:a|b|ab)*c",
                    "(?:a?){30}a{30}",
                    "(?=(a+)+$)a",
                    "a(?<!(a{1,999}){1,999})b",
                    "(a)\\1",
                    "(?:(?:(?:){60000}){60000}){60000}",
                    "(?:(?:(?:){60000}){60000}){60000}a",
                    "(?:(?:(?:(?=a)){1,60000}+){1,60000}+){1,60000}+b",
                    "(?:(?:a{0,60000}){0,60000}){0,60000}",
                    "(?:(?:(?:a??){60000}){60000}){60000}",
                    "((((((((((a*)*)*)*)*)*)*)*)*)*b",
                    "(?<=a*)b",
                    "(?<=a{1,9999})b",
                    "(?i)(a|A)*B",
                    "\\p{Nope}",
                    "[a",
                    "(",
                    "\\X",
                    "\\",
                    "^",
                    "\\b",
                    "a**",
                    "a{999999999999}",
                    "a{2,1}",
                    "[\\s\\S]",
                    "(?s:.)+",
                    "(?<n>a)\\k<n>",
                    "(?:)*",
                    "(?:()*)*a");

    /// Configurations of many layers and experts, and many brackets in one that is small.
    List<Damage> configurations(Path file) throws IOException {
        String json = Files.readString(file);
        List<Damage> damages = new ArrayList<>();
        for (int layers : new int[] {500, 1000, 10_000}) {
            damages.add(
                    new Damage(
                            "layers: " + layers, bytes(with(json, "num_hidden_layers", layers))));
        }
        for (int experts : new int[] {2048, 16_384, 65_536 / 4, 65_536}) {
            damages.add(
                    new Damage(
                            "experts: " + experts,
                            bytes(
                                    with(
                                            with(json, "n_routed_experts", experts),
                                            "num_hidden_layers",
                                            2))));
        }
        damages.add(
                new Damage(
                        "modules: 10000", bytes(with(json, "num_nextn_predict_layers", 10_000))));
        damages.add(
                new Damage(
                        "context: 2^31 - 1",
                        bytes(with(json, "max_position_embeddings", Integer.MAX_VALUE))));
        damages.add(new Damage("width: 2^24", bytes(with(json, "hidden_size", 1 << 24))));
        for (String piece : new String[] {"[],", "{},", "{\"a\":0},", "0,", "\"\",", "[[[0]]],"}) {
            for (int size : new int[] {1_000_000, 20_000_000}) {
                damages.add(
                        new Damage(
                                "brackets: " + size,
                                bytes(
                                        json.replaceFirst(
                                                "\\{",
                                                "{\"x\":["
                                                        + piece.repeat(size / piece.length())
                                                        + "0],"))));
            }
        }
        return damages;
    }

    private static String with(String json, String key, int value) {
        return json.replaceFirst("\"" + key + "\"\\s*:\\s*\\d+", "\"" + key + "\": " + value);
    }

    /// Headers of many small tensors, many strings and much that is passed over.
    List<Damage> safetensors() {
        List<Damage> damages = new ArrayList<>();
        for (int count : new int[] {60_000, 150_000, 1_200_000}) {
            damages.add(
                    safetensors(
                            "tensors: " + count,
                            objects(
                                    count,
                                    i ->
                                            "\"%x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"
                                                    .formatted(i))));
        }
        for (int count : new int[] {100_000, 1_000_000}) {
            damages.add(
                    safetensors(
                            "strings: " + count,
                            "{\"__metadata__\":"
                                    + objects(count, i -> "\"%x\":\"\"".formatted(i))
                                    + "}"));
        }
        damages.add(
                safetensors(
                        "passed over: 2000000",
                        "{\"a\":{\"x\":[" + "[],".repeat(2_000_000) + "0]}}"));
        damages.add(safetensors("space: 90000000", "{" + " ".repeat(90_000_000) + "}"));
        return damages;
    }

    private static Damage safetensors(String what, String header) {
        byte[] json = bytes(header);
        byte[] file = new byte[8 + json.length];
        MemorySegment.ofArray(file).set(DamageBytes.LONG, 0, json.length);
        System.arraycopy(json, 0, file, 8, json.length);
        return new Damage(what, file);
    }

    /// Indexes of many tensors, of many shards, and of much that is passed over.
    List<Damage> indexes() {
        List<Damage> damages = new ArrayList<>();
        for (int count : new int[] {100_000, 250_000, 3_000_000}) {
            damages.add(
                    index(
                            "tensors: " + count,
                            objects(count, i -> "\"%x\":\"a.safetensors\"".formatted(i))));
        }
        damages.add(
                index(
                        "shards: 200000",
                        objects(200_000, i -> "\"%x\":\"%x.safetensors\"".formatted(i, i))));
        damages.add(
                new Damage(
                        "passed over: 3000000",
                        bytes("{\"metadata\":[" + "[],".repeat(3_000_000) + "0]}")));
        return damages;
    }

    private static Damage index(String what, String map) {
        return new Damage(what, bytes("{\"weight_map\":" + map + "}"));
    }

    /// GGUF whose keys claim layers, experts and positions.
    List<Damage> ggufs(Path file) throws IOException {
        byte[] original = Files.readAllBytes(file);
        List<Damage> damages = new ArrayList<>();
        for (int layers : new int[] {1000, 10_000}) {
            damages.add(
                    new Damage(
                            "layers: " + layers,
                            DamageGguf.with(original, "deepseek2.block_count", layers)));
        }
        for (int experts : new int[] {2048, 16_384, 65_536}) {
            byte[] two = DamageGguf.with(original, "deepseek2.block_count", 2);
            two = DamageGguf.with(two, "deepseek2.nextn_predict_layers", 0);
            two = DamageGguf.with(two, "deepseek2.expert_group_count", 1);
            damages.add(
                    new Damage(
                            "experts: " + experts,
                            DamageGguf.with(two, "deepseek2.expert_count", experts)));
        }
        damages.add(
                new Damage(
                        "context: 2^31 - 1",
                        DamageGguf.with(original, "deepseek2.context_length", Integer.MAX_VALUE)));
        return damages;
    }

    /// Vocabularies of large ids, of many tokens and merges, and much that is passed over.
    List<Damage> tokenizers(String json) {
        List<Damage> damages = new ArrayList<>();
        for (int id : new int[] {1000, 100_000, 1 << 20, (1 << 22) - 1}) {
            damages.add(
                    new Damage(
                            "id: of a token " + id,
                            bytes(json.replaceFirst("\"vocab\" *: *\\{", "$0\"鲸鲸\":" + id + ","))));
            damages.add(
                    new Damage(
                            "id: of an added token " + id,
                            bytes(
                                    json.replaceFirst(
                                            "\"added_tokens\" *: *\\[",
                                            "$0{\"id\":" + id + ",\"content\":\"鲸鲸\"},"))));
        }
        damages.add(
                new Damage(
                        "merges: 200000 of one",
                        bytes(
                                json.replaceFirst(
                                        "\"merges\" *: *\\[", "$0" + "\"a a\",".repeat(200_000)))));
        return damages;
    }

    /// Vocabularies whose text is split by expressions that take long, or much of the stack.
    List<Damage> patterns(String json) {
        List<Damage> damages = new ArrayList<>();
        List<String> patterns = new ArrayList<>(HOSTILE);
        patterns.add("(".repeat(20_000) + "a" + ")".repeat(20_000));
        patterns.add("(a|b)*".repeat(5000));
        patterns.add("a|".repeat(100_000) + "b");
        patterns.add("a?".repeat(2000) + "a".repeat(2000));
        patterns.add("[" + "a-z".repeat(100_000) + "]");
        patterns.add("[" + "a-z".repeat(2700) + "]");
        patterns.add("a|".repeat(4000) + "b");
        patterns.add("(".repeat(4000) + "a" + ")".repeat(4000));
        patterns.add("(a*".repeat(2000) + ")*".repeat(2000));
        for (String pattern : patterns) {
            String quoted = pattern.replace("\\", "\\\\");
            String split =
                    "{\"type\":\"Split\",\"pattern\":{\"Regex\":\""
                            + quoted
                            + "\"},\"behavior\":\"Isolated\"},";
            String shown = pattern.length() <= 40 ? pattern : pattern.substring(0, 40) + "...";
            damages.add(
                    new Damage(
                            "pattern: " + shown,
                            bytes(
                                    json.replaceFirst(
                                            "\"pretokenizers\" *: *\\[",
                                            "$0" + Matcher.quoteReplacement(split)))));
        }
        return damages;
    }

    private static String objects(int count, IntFunction<String> member) {
        StringBuilder text = new StringBuilder("{");
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : ",").append(member.apply(i));
        }
        return text.append('}').toString();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
