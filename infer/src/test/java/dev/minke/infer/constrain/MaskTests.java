package dev.minke.infer.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MaskTests {
    private static final String SCHEMA =
            """
            {"type": "object", "properties": {
              "name": {"type": "string", "minLength": 1, "maxLength": 40},
              "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-zé-ü]{2,30}$"},
                       "maxItems": 300},
              "size": {"type": "number", "minimum": 0, "maximum": 12.5},
              "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
             "required": ["name"], "additionalProperties": {"enum": ["x", "xy"]}}
            """;

    private final ListTokenizer tokenizer = ListTokenizer.small("<a>", "<b>");
    private final Vocabulary vocabulary = Vocabulary.of(tokenizer);
    private final Walks walks = new Walks(tokenizer, 21);
    private final List<Constraint> constraints =
            List.of(
                    Constraints.json(),
                    Constraints.jsonSchema(SCHEMA),
                    Constraints.regex("(?:[a-z ]{1,9}, ?){20,400}[é-日😀]*"),
                    Constraints.gbnf(
                            "root ::= \"a\" root \"c\" | \"ab\" root \"bc\" | <[1]> root |"
                                    + " \"12\""));

    /// Every bit of every mask of some walks against trying the token out, byte by byte.
    @Test
    void masksAreWhatTryingEveryTokenGives() {
        for (Constraint constraint : constraints) {
            Constraint.Matcher matcher = constraint.matcher(vocabulary);
            for (int step = 0; step < 150 && !matcher.done(); step++) {
                long[] mask = matcher.mask();
                for (int id = 0; id < vocabulary.size(); id++) {
                    assertThat(Walks.allowed(mask, id))
                            .as("token %d at step %d", id, step)
                            .isEqualTo(matcher.allows(id));
                }
                matcher.accept(walks.any(mask));
            }
        }
    }

    @Test
    void cachesChangeNothing() {
        var without = new MaskTable.Limits(0, false);
        var tiny = new MaskTable.Limits(300, true);
        for (Constraint constraint : constraints) {
            Constraint.Matcher cached = constraint.matcher(vocabulary);
            Constraint.Matcher bare = constraint.matcher(vocabulary, without);
            Constraint.Matcher small = constraint.matcher(vocabulary, tiny);
            for (int step = 0; step < 300 && !cached.done(); step++) {
                long[] mask = cached.mask();
                assertThat(bare.mask()).isEqualTo(mask);
                assertThat(small.mask()).isEqualTo(mask);
                int id = walks.any(mask);
                cached.accept(id);
                bare.accept(id);
                small.accept(id);
            }
        }
    }

    @Test
    void masksInsideAStringAreFoundOnce() {
        Constraint.Matcher matcher = Constraints.json().matcher(vocabulary);
        accept(matcher, "{\"key\": \"");
        matcher.mask();
        long before = matcher.walks();
        for (int i = 0; i < 500; i++) {
            accept(matcher, "ab é日");
            matcher.mask();
        }
        assertThat(matcher.walks()).isEqualTo(before);
    }

    /// The count of a long repetition matters near its limits only.
    @Test
    void masksOfCountedStringsAreFoundOnce() {
        Constraint constraint =
                Constraints.jsonSchema("{\"type\": \"string\", \"maxLength\": 10000}");
        Constraint.Matcher matcher = constraint.matcher(vocabulary);
        accept(matcher, "\"a");
        matcher.mask();
        long before = matcher.walks();
        for (int i = 2; i <= 9900; i++) {
            accept(matcher, "a");
            matcher.mask();
        }
        assertThat(matcher.walks()).isEqualTo(before);
        for (int i = 9901; i <= 10_000; i++) {
            assertThat(Walks.allowed(matcher.mask(), walks.idOfByte('a'))).isTrue();
            accept(matcher, "a");
        }
        assertThat(walks.any(matcher.mask())).isEqualTo(walks.idOfByte('"'));
    }

    @Test
    void aForkGoesOnAsItsOriginal() {
        for (Constraint constraint : constraints) {
            Constraint.Matcher one = constraint.matcher(vocabulary);
            for (int step = 0; step < 60 && !one.done(); step++) {
                Constraint.Matcher fork = one.fork();
                Constraint.Matcher other = one.fork();
                int id = walks.any(one.mask());
                one.accept(id);
                other.accept(walks.any(other.mask()));
                fork.accept(id);
                assertThat(fork.sameAs(one)).isTrue();
                assertThat(fork.mayEnd()).isEqualTo(one.mayEnd());
            }
        }
    }

    /// The same text cut into tokens in two ways leads to the same place.
    @Test
    void howATextIsCutDoesNotMatter() {
        for (Constraint constraint : constraints.subList(0, 3)) {
            for (int i = 0; i < 50; i++) {
                String text = walks.text(constraint);
                Constraint.Matcher whole = constraint.matcher(vocabulary);
                Constraint.Matcher bytes = whole.fork();
                for (int id : tokenizer.encode(text)) {
                    whole.accept(id);
                }
                for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
                    bytes.accept(walks.idOfByte(b & 0xFF));
                }
                assertThat(whole.sameAs(bytes)).isTrue();
                assertThat(whole.mayEnd()).isTrue();
            }
        }
    }

    /// Characters may be cut by tokens, but never broken.
    @Test
    void textIsAlwaysUtf8() throws CharacterCodingException {
        var random = new Random(2);
        List<byte[]> texts = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            texts.add(new byte[] {(byte) b});
        }
        byte[] all = "aé日😀߿ࠀ퟿￿𐀀􏿿".getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 300; i++) { // cut anywhere, joined anyhow
            byte[] token = new byte[1 + random.nextInt(5)];
            int from = random.nextInt(all.length - token.length);
            System.arraycopy(all, from, token, 0, token.length);
            texts.add(token);
        }
        var cut = new ListTokenizer(List.of("<end>"), texts);
        var walk = new Walks(cut, 4);
        for (Constraint constraint :
                List.of(Constraints.regex("[^]{0,40}"), Constraints.regex("[^\\x00-\\x7F]{9}"))) {
            for (int i = 0; i < 500; i++) {
                var ids = walk.ids(constraint.matcher(walk.vocabulary()));
                StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(cut.bytes(ids)));
            }
        }
        Constraint.Matcher matcher = Constraints.regex("😀").matcher(walk.vocabulary());
        for (byte b : "😀".getBytes(StandardCharsets.UTF_8)) {
            assertThat(matcher.mayEnd()).isFalse();
            matcher.accept(walk.idOfByte(b & 0xFF));
        }
        assertThat(matcher.mustEnd()).isTrue();
    }

    @Test
    void theEndIsAllowedExactlyWhereTheTextMayEnd() {
        Constraint.Matcher matcher = Constraints.regex("ab?").matcher(vocabulary);
        assertThat(Walks.allowed(matcher.mask(), 0)).isFalse();
        assertThatThrownBy(() -> matcher.accept(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("token 0 is not allowed here by the grammar");
        accept(matcher, "a");
        assertThat(matcher.mayEnd()).isTrue();
        assertThat(matcher.mustEnd()).isFalse();
        assertThat(Walks.allowed(matcher.mask(), 0)).isTrue();
        assertThat(matcher.allows(1)).isFalse();
        matcher.accept(0);
        assertThat(matcher.done()).isTrue();
        assertThat(matcher.allows(0)).isFalse();
        assertThatThrownBy(matcher::mask).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> matcher.accept(0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aRefusedTokenChangesNothing() {
        Constraint.Matcher matcher = Constraints.regex("abc").matcher(vocabulary);
        accept(matcher, "a");
        for (int id : new int[] {-1, vocabulary.size(), 1, walks.idOfByte('c')}) {
            assertThatThrownBy(() -> matcher.accept(id))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        accept(matcher, "bc");
        assertThat(matcher.mustEnd()).isTrue();
    }

    @Test
    void aVocabularyThatCannotGoOnIsAnError() {
        var letters = new ListTokenizer(List.of("<end>"), List.of(new byte[] {'a'}));
        Constraint.Matcher matcher = Constraints.regex("ab").matcher(Vocabulary.of(letters));
        matcher.accept(1);
        assertThatThrownBy(matcher::mask)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no token of the vocabulary");
    }

    @Test
    void forcedBytesAreThoseWithoutChoice() {
        Constraint constraint =
                Constraints.jsonSchema(
                        """
                        {"type": "object", "properties": {"kind": {"enum": ["alpha", "beta"]}},
                         "required": ["kind"]}
                        """);
        Constraint.Matcher matcher = constraint.matcher(vocabulary);
        assertThat(forced(matcher)).isEqualTo("{");
        accept(matcher, "{\"");
        assertThat(forced(matcher)).isEqualTo("kind\":");
        matcher.acceptText("kind\":\"b".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> matcher.acceptText(new byte[] {'x'}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the text \"x\" is not allowed");
        assertThat(forced(matcher)).isEqualTo("eta\"");
        accept(matcher, "eta\"}");
        assertThat(forced(matcher)).isEmpty();
        assertThat(matcher.mustEnd()).isTrue();
    }

    @Test
    void sequencesMayRunOnSeveralThreads() throws InterruptedException {
        Constraint constraint = Constraints.jsonSchema(SCHEMA);
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            var own = new Walks(tokenizer, t);
            threads.add(
                    Thread.ofPlatform()
                            .uncaughtExceptionHandler((_, e) -> failures.add(e))
                            .start(() -> {
                                for (int i = 0; i < 30; i++) {
                                    String text =
                                            tokenizer.text(own.ids(constraint.matcher(vocabulary)));
                                    assertThat(constraint.matches(text)).isTrue();
                                }
                            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }

    private void accept(Constraint.Matcher matcher, String text) {
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            matcher.accept(walks.idOfByte(b & 0xFF));
        }
    }

    private static String forced(Constraint.Matcher matcher) {
        return new String(matcher.forced(), StandardCharsets.UTF_8);
    }
}
