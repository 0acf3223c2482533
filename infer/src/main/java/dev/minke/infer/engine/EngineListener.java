package dev.minke.infer.engine;

import dev.minke.infer.FinishReason;

/// Hears what becomes of a request, on the engine's thread: it must return at once, since all
/// requests wait for it.
///
/// Every choice ends with [#finished], unless the request ends with [#failed]. After its end
/// nothing more is heard of a choice.
public interface EngineListener {
    /// A token was drawn.
    ///
    /// @param choice 0 to n - 1
    /// @return whether to go on; otherwise the choice ends with [FinishReason#STOP]
    boolean token(int choice, int id);

    /// The choice is at its end.
    void finished(int choice, FinishReason reason);

    /// The request could not be computed; all choices that had not finished are at their end.
    void failed(Throwable cause);
}
