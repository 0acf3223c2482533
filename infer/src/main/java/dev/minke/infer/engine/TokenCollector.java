package dev.minke.infer.engine;

import dev.minke.infer.FinishReason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Keeps the tokens of a request, for callers that want them all at its end.
public final class TokenCollector implements EngineListener {
    private final List<int[]> tokens = new ArrayList<>();
    private final int[] counts;
    private final List<Optional<FinishReason>> ends = new ArrayList<>();
    private Optional<Throwable> failure = Optional.empty();

    /// @param choices of the request
    public TokenCollector(int choices) {
        counts = new int[choices];
        for (int i = 0; i < choices; i++) {
            tokens.add(new int[64]);
            ends.add(Optional.empty());
        }
    }

    @Override
    public synchronized boolean token(int choice, int id) {
        if (counts[choice] == tokens.get(choice).length) {
            tokens.set(choice, Arrays.copyOf(tokens.get(choice), 2 * counts[choice]));
        }
        tokens.get(choice)[counts[choice]++] = id;
        return true;
    }

    @Override
    public synchronized void finished(int choice, FinishReason reason) {
        ends.set(choice, Optional.of(reason));
    }

    @Override
    public synchronized void failed(Throwable cause) {
        failure = Optional.of(cause);
    }

    /// The tokens of a choice so far.
    ///
    /// @throws IllegalStateException if the request could not be computed
    public synchronized int[] tokens(int choice) {
        if (failure.isPresent()) {
            throw new IllegalStateException("the request could not be computed", failure.get());
        }
        return Arrays.copyOf(tokens.get(choice), counts[choice]);
    }

    /// Why a choice ended, if it has.
    public synchronized Optional<FinishReason> finish(int choice) {
        return ends.get(choice);
    }
}
