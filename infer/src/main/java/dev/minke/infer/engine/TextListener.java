package dev.minke.infer.engine;

import dev.minke.infer.Continuation;
import dev.minke.infer.FinishReason;

/// Hears the text of a request, on the engine's thread: it must return at once, since all requests
/// wait for it.
///
/// Every choice ends with [#finished], unless the request ends with [#failed].
public interface TextListener {
    /// A token was drawn, the one that ends the choice included.
    ///
    /// @param choice 0 to n - 1
    void step(int choice, Continuation.Step step);

    /// The choice is at its end.
    ///
    /// @param rest text that was held back and that no step has brought
    void finished(int choice, FinishReason reason, String rest);

    /// The request could not be computed; all choices that had not finished are at their end.
    void failed(Throwable cause);
}
