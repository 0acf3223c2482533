package dev.minke.infer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ContinuationTests {
    private static final PieceTokenizer TOKENIZER = PieceTokenizer.bytesOf("abc");

    private final Arena arena = Arena.ofShared();
    private final Candidates candidates = new Candidates(4);

    @AfterEach
    void close() {
        arena.close();
    }

    private Tensor logits(float... values) {
        return Tensor.copyOf(arena, values, 1, values.length);
    }

    private static Continuation greedy(StopParams stops, int logprobs) {
        return new Continuation(
                new Sampler(SamplingParams.greedy().withLogprobs(logprobs)),
                new StopRule(stops, TOKENIZER));
    }

    @Test
    void aStepIsATokenItsTextAndItsEnd() {
        Continuation continuation = greedy(new StopParams(5), SamplingParams.NO_LOGPROBS);
        Continuation.Step step = continuation.next(logits(1, 2, 3, 2), 0, candidates);
        assertThat(step.token()).isEqualTo(2);
        assertThat(step.kept()).isTrue();
        assertThat(step.text()).isEqualTo("b");
        assertThat(step.finish()).isEmpty();
        assertThat(step.logprobs()).isEmpty();
        Continuation.Step last = continuation.next(logits(5, 2, 3, 2), 0, candidates);
        assertThat(last.kept()).isFalse();
        assertThat(last.text()).isEmpty();
        assertThat(last.finish()).contains(FinishReason.STOP);
        assertThat(continuation.rule().count()).isOne();
    }

    @Test
    void anEndIsNotDrawnBeforeItsTime() {
        Continuation continuation = greedy(new StopParams(5, 2, false, List.of(), List.of()), 1);
        Tensor end = logits(9, 1, 2, 3);
        assertThat(continuation.next(end, 0, candidates).text()).isEqualTo("c");
        Continuation.Step second = continuation.next(end, 0, candidates);
        assertThat(second.text()).isEqualTo("c");
        TokenLogprobs logprobs = second.logprobs().orElseThrow();
        assertThat(logprobs.top()).as("the ban makes no difference").hasSize(1);
        assertThat(logprobs.top().getFirst().token()).isZero();
        assertThat(logprobs.logprob()).isLessThan(-5);
        assertThat(continuation.next(end, 0, candidates).finish()).contains(FinishReason.STOP);
    }

    @Test
    void aMaskThatLeavesOnlyTheEndOverrulesIgnoreEos() {
        Continuation continuation = greedy(new StopParams(5, 0, true, List.of(), List.of()), -1);
        Tensor end = logits(9, 1, 2, 3);
        assertThat(continuation.next(end, 0, candidates).text()).isEqualTo("c");
        assertThat(continuation.next(end, 0, new long[] {0b0111}, candidates).text())
                .isEqualTo("b");
        assertThat(continuation.next(end, 0, new long[] {1}, candidates).finish())
                .contains(FinishReason.STOP);
    }
}
