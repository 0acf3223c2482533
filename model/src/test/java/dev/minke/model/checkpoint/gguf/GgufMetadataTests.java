package dev.minke.model.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.model.checkpoint.MalformedCheckpoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufMetadataTests {
    @TempDir private Path folder;

    private GgufFile write(SequencedMap<String, GgufValue> values) throws IOException {
        Path file = folder.resolve("meta.gguf");
        GgufSamples.write(GgufWriter.toFile(file, values, List.of()), List.of());
        return GgufFile.open(file);
    }

    private void assertRefused(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOf(MalformedCheckpoint.class)
                .hasMessage(folder.resolve("meta.gguf") + ": " + message);
    }

    @Test
    void keepsEveryValueInOrder() throws IOException {
        SequencedMap<String, GgufValue> values = GgufSamples.everyValue();
        try (GgufFile file = write(values)) {
            assertThat(file.metadata().toMap()).containsExactlyEntriesOf(values);
            assertThat(file.metadata().keys()).containsExactlyElementsOf(values.keySet());
            for (var entry : values.entrySet()) {
                GgufValue read = file.metadata().value(entry.getKey());
                assertThat(read).isEqualTo(entry.getValue()).hasSameHashCodeAs(entry.getValue());
                assertThat(read.toString()).isEqualTo(entry.getValue().toString());
            }
            assertThat(file.metadata().value("uint64.most")).hasToString("18446744073709551615");
            assertThat(file.metadata().value("float32")).hasToString("1.0E-6");
            assertThat(file.metadata().find("none")).isEmpty();
            assertThat(file.metadata().contains("none")).isFalse();
        }
    }

    @Test
    void readsIntegersOfAnyWidth() throws IOException {
        try (GgufFile file = write(GgufSamples.everyValue())) {
            GgufMetadata keys = file.metadata();
            for (GgufValueType type : GgufValueType.values()) {
                if (!type.integer()) {
                    continue;
                }
                String name = type.name().toLowerCase(Locale.ROOT);
                assertThat(keys.integer(name + ".least")).isEqualTo(GgufSamples.least(type));
                if (type != GgufValueType.UINT64) {
                    assertThat(keys.integer(name + ".most")).isEqualTo(GgufSamples.most(type));
                    assertThat(keys.number(name + ".most")).isEqualTo(GgufSamples.most(type));
                    assertThat(keys.integers(name + ".array"))
                            .containsExactly(GgufSamples.least(type), 0, 1, GgufSamples.most(type));
                }
            }
            assertRefused(
                    () -> keys.integer("uint64.most"),
                    "key uint64.most: expected an integer below 2^63, found UINT64"
                            + " 18446744073709551615");
            assertRefused(
                    () -> keys.integers("uint64.array"),
                    "key uint64.array: expected integers below 2^63, found UINT64"
                            + " 18446744073709551615");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> keys.array("uint64.array").integer(3));
        }
    }

    @Test
    void readsOtherKinds() throws IOException {
        try (GgufFile file = write(GgufSamples.everyValue())) {
            GgufMetadata keys = file.metadata();
            assertThat(keys.string("general.architecture")).isEqualTo("deepseek2");
            assertThat(keys.string("string.empty")).isEmpty();
            assertThat(keys.number("float32")).isEqualTo(1e-6f);
            assertThat(keys.number("float64")).isEqualTo(-1e300);
            assertThat(keys.numbers("float32.array")).containsExactly(0.5, -0.0, 1e30f);
            assertThat(keys.numbers("int8.array")).containsExactly(-128, 0, 1, 127);
            assertThat(keys.bool("bool.yes")).isTrue();
            assertThat(keys.bool("bool.no")).isFalse();
            assertThat(keys.array("bool.array").bool(2)).isTrue();
            assertThat(keys.strings("strings")).startsWith("", "Ġthe", "", "汉字").hasSize(5);
            assertThat(keys.strings("strings.none")).isEmpty();
            assertThat(keys.integers("numbers.none")).isEmpty();
            GgufArray nested = keys.array("nested");
            assertThat(nested.array(0).strings()).containsExactly("a", "");
            assertThat(nested.array(1).integers()).containsExactly(1, 2, 3);
            assertThat(nested.array(2).array(1).size()).isZero();
            assertThat(nested).hasToString("ARRAY[3]");
            assertThat(keys.findString("none")).isEmpty();
            assertThat(keys.findBool("none")).isEmpty();
            assertThat(keys.findInteger("none")).isEmpty();
            assertThat(keys.findNumber("none")).isEmpty();
            assertThat(keys.findArray("none")).isEmpty();
            assertThat(keys.findStrings("none")).isEmpty();
            assertThat(keys.findIntegers("none")).isEmpty();
            assertThat(keys.findNumbers("none")).isEmpty();
        }
    }

    @Test
    void spreadsOneValueOverLayersOrTakesOnePerLayer() throws IOException {
        SequencedMap<String, GgufValue> values = new LinkedHashMap<>();
        values.put("one", GgufValue.uint32(128));
        values.put("each", GgufArray.integers(GgufValueType.INT32, 8, 0, 8));
        values.put("factor", GgufValue.float32(0.5));
        values.put("factors", GgufArray.numbers(GgufValueType.FLOAT32, 1, 2, 3));
        try (GgufFile file = write(values)) {
            GgufMetadata keys = file.metadata();
            assertThat(keys.integers("one", 3)).containsExactly(128, 128, 128);
            assertThat(keys.integers("each", 3)).containsExactly(8, 0, 8);
            assertThat(keys.numbers("factor", 2)).containsExactly(0.5, 0.5);
            assertThat(keys.numbers("factors", 3)).containsExactly(1, 2, 3);
            assertThat(keys.numbers("each", 3)).containsExactly(8, 0, 8);
            assertRefused(
                    () -> keys.integers("each", 4),
                    "key each: expected one value or an ARRAY of 4, found an ARRAY INT32[3]");
            assertRefused(
                    () -> keys.integers("factors", 3),
                    "key factors: expected an ARRAY of integers, found an ARRAY FLOAT32[3]");
            assertRefused(
                    () -> keys.integers("each.other", 3),
                    "key each.other: expected it in the metadata, found none");
        }
    }

    @Test
    void namesKeyAndTypesWhereTheyDoNotFit() throws IOException {
        try (GgufFile file = write(GgufSamples.everyValue())) {
            GgufMetadata keys = file.metadata();
            assertRefused(
                    () -> keys.integer("general.architecture"),
                    "key general.architecture: expected an integer below 2^63, found STRING"
                            + " \"deepseek2\"");
            assertRefused(
                    () -> keys.string("float64"),
                    "key float64: expected a STRING, found FLOAT64 -1.0E300");
            assertRefused(
                    () -> keys.bool("uint8.least"),
                    "key uint8.least: expected a BOOL, found UINT8 0");
            assertRefused(
                    () -> keys.number("bool.yes"),
                    "key bool.yes: expected a number, found BOOL true");
            assertRefused(
                    () -> keys.array("int8.most"),
                    "key int8.most: expected an ARRAY, found INT8 127");
            assertRefused(
                    () -> keys.strings("nested"),
                    "key nested: expected an ARRAY of STRING, found an ARRAY ARRAY[3]");
            assertRefused(
                    () -> keys.numbers("strings"),
                    "key strings: expected an ARRAY of numbers, found an ARRAY STRING[5]");
            assertRefused(
                    () -> keys.string("none"), "key none: expected it in the metadata, found none");
        }
    }

    @Test
    void decodesStringsOnDemandAndKeepsBrokenOnesAsBytes() throws IOException {
        byte[] broken = {(byte) 0xc3, 'x'};
        Path path =
                GgufBytes.header(3, 0, 1)
                        .key("tokens", GgufValueType.ARRAY)
                        .array(GgufValueType.STRING, 3)
                        .string("first")
                        .int64(2)
                        .bytes(broken)
                        .string("last")
                        .write(folder.resolve("meta.gguf"));
        GgufArray kept;
        List<String> lazy;
        try (GgufFile file = GgufFile.open(path)) {
            GgufArray tokens = file.metadata().array("tokens");
            assertThat(tokens.strings()).containsExactly("first", "\ufffdx", "last");
            assertThat(GgufSamples.copy(tokens.stringBytes(1))).isEqualTo(broken);
            assertThat(tokens.stringBytes(1).isReadOnly()).isTrue();
            assertThat(tokens.values().get(2)).isEqualTo(GgufValue.string("last"));
            kept = tokens.copy();
            lazy = tokens.strings();
            assertThat(kept).isEqualTo(tokens);
        }
        assertThat(kept.string(2)).isEqualTo("last");
        assertThatIllegalStateException().isThrownBy(() -> lazy.get(0));
    }

    @Test
    void holdsAVocabularyInItsBytes() {
        List<String> tokens = IntStream.range(0, 129_280).mapToObj(i -> "Ġ" + i).toList();
        GgufArray array = GgufArray.strings(tokens);
        assertThat(array.strings()).isEqualTo(tokens);
        long bytes =
                tokens.stream().mapToLong(t -> 8 + t.getBytes(StandardCharsets.UTF_8).length).sum();
        assertThat(array.encoded().byteSize()).isEqualTo(bytes);
    }

    @Test
    void refusesValuesThatTheirTypeDoesNotHold() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgufValue.uint32(-1))
                .withMessage("-1 is of type UINT32, expected an integer type that holds it");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GgufValue.Whole(GgufValueType.FLOAT32, 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GgufValue.Real(GgufValueType.INT8, 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgufArray.integers(GgufValueType.INT8, 1, 128));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgufArray.numbers(GgufValueType.BOOL, 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgufArray.bools(true).string(0))
                .withMessage("elements are of type BOOL, expected STRING");
        assertThatThrownBy(() -> GgufArray.bools(true).bool(1))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
