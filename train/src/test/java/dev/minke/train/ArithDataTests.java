package dev.minke.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.train.arith.ArithData;
import dev.minke.train.arith.WordProblem;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ArithDataTests {
    private static BpeTokenizer tokenizer;
    private static ArithData data;

    @BeforeAll
    static void train() {
        tokenizer = ArithData.train(400, 1, 1);
        data = new ArithData(tokenizer, SmallRuns.train("batchSize=5"));
    }

    private static String text(int... tokens) {
        return tokenizer.decode(tokens);
    }

    @Test
    void theVocabularyKeepsDigitsSingleUnlessToldOtherwise() {
        assertThat(tokenizer.vocabSize()).isLessThanOrEqualTo(400);
        assertThat(tokenizer.encodePlain("1234")).hasSize(4);
        assertThat(ArithData.train(400, 2, 1).encodePlain("1234").length).isLessThan(4);
    }

    @Test
    void aSequenceIsAProblemWithItsWorkingBetweenBeginAndEnd() {
        for (Sequence sequence : data.batches().batch(3)) {
            int[] tokens = sequence.tokens();
            assertThat(tokens[0]).isEqualTo(tokenizer.bos().orElseThrow());
            assertThat(tokens[tokens.length - 1]).isEqualTo(tokenizer.eos().orElseThrow());
            assertThat(sequence.inputs()).isEqualTo(tokens.length - 1);
            assertThat(sequence.targets(1)).isEqualTo(tokens.length - 1);
            assertThat(text(tokens)).contains("####");
        }
    }

    @Test
    void aBatchIsAFunctionOfItsStepAlone() {
        List<String> later = texts(7);
        List<String> first = texts(0);
        assertThat(texts(7)).isEqualTo(later).hasSize(5);
        assertThat(first).doesNotContainAnyElementsOf(later);
        ArithData other = new ArithData(tokenizer, SmallRuns.train("batchSize=5", "seed=2"));
        assertThat(other.batches().batch(0).stream().map(s -> text(s.tokens())).toList())
                .isNotEqualTo(first);
    }

    private static List<String> texts(long step) {
        return data.batches().batch(step).stream().map(s -> text(s.tokens())).toList();
    }

    @Test
    void noProblemOfTheValidationIsEverTrainedOn() {
        Set<String> validation = new HashSet<>();
        data.validation().forEach(s -> validation.add(text(s.tokens())));
        assertThat(validation).hasSizeGreaterThan(150);
        for (int step = 0; step < 150; step++) {
            assertThat(texts(step)).doesNotContainAnyElementsOf(validation);
        }
    }

    @Test
    void aPromptIsTheBeginOfItsProblem() {
        for (WordProblem problem : data.unseen(20)) {
            int[] prompt = data.prompt(problem);
            assertThat(prompt[0]).isEqualTo(tokenizer.bos().orElseThrow());
            assertThat(text(prompt)).isEqualTo(text(prompt[0]) + problem.prompt());
            assertThat(problem.text()).startsWith(problem.prompt());
            assertThat(problem.solvedBy(problem.completion())).isTrue();
        }
    }

    @Test
    void unseenProblemsAreDistinctAndAlwaysTheSame() {
        List<WordProblem> problems = data.unseen(60);
        assertThat(problems).hasSize(60).doesNotHaveDuplicates();
        assertThat(data.unseen(60)).isEqualTo(problems);
    }

    @Test
    void bytesPerTokenIsThatOfTheValidation() {
        long bytes = 0;
        long tokens = 0;
        for (Sequence sequence : data.validation()) {
            bytes += text(sequence.tokens()).getBytes(StandardCharsets.UTF_8).length;
            tokens += sequence.inputs();
        }
        assertThat(data.bytesPerToken())
                .isGreaterThan(1.5)
                .isCloseTo((double) bytes / tokens, within(0.6));
    }
}
