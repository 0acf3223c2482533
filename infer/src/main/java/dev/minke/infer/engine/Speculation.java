package dev.minke.infer.engine;

/// Whether an engine guesses tokens ahead, and how.
///
/// A step then computes the guessed tokens behind the last one too, and keeps of them what would
/// have been drawn anyway: neither the text nor its distribution depends on it, only the speed.
///
/// @param method what guesses
/// @param maxDrafts tokens guessed at once at most; 0 for none
/// @param adaptive guess as many as measured times and successes say is fastest, or none at all;
///   otherwise always as many as possible
public record Speculation(Method method, int maxDrafts, boolean adaptive) {
    private static final int MOST = 15;

    /// What guesses.
    public enum Method {
        /// Nothing does.
        OFF,
        /// The model's MTP module (V3 report 5.4.3), which needs a cache of its own as large as
        /// that of a layer.
        MTP,
        /// What followed the last few tokens where they occurred before in prompt or text.
        LOOKUP,
        /// Lookup, and the MTP module of a model that has one: for each sequence what promises
        /// more.
        AUTO
    }

    /// Check the range.
    ///
    /// @throws IllegalArgumentException naming the field, its value and what would fit
    public Speculation {
        if (maxDrafts < 0 || maxDrafts > MOST) {
            throw new IllegalArgumentException(
                    "maxDrafts is %d, expected 0 to %d".formatted(maxDrafts, MOST));
        }
        method = maxDrafts == 0 ? Method.OFF : method;
        maxDrafts = method == Method.OFF ? 0 : maxDrafts;
        adaptive = adaptive && method != Method.OFF;
    }

    /// No guesses.
    public static Speculation off() {
        return new Speculation(Method.OFF, 0, false);
    }

    /// Guesses of the MTP module where they pay; a model without one is an error.
    public static Speculation mtp(int maxDrafts) {
        return new Speculation(Method.MTP, maxDrafts, true);
    }

    /// Guesses by lookup where they pay.
    public static Speculation lookup(int maxDrafts) {
        return new Speculation(Method.LOOKUP, maxDrafts, true);
    }

    /// What suits the model, where it pays.
    public static Speculation auto() {
        return new Speculation(Method.AUTO, 6, true);
    }

    /// The same, whether it pays or not: for tests and measurements.
    public Speculation always() {
        return new Speculation(method, maxDrafts, false);
    }

    /// The same with a method that a model can do.
    Speculation resolved(boolean modelHasMtp) {
        if (method == Method.MTP && !modelHasMtp) {
            throw new IllegalArgumentException(
                    "speculation by MTP, but num_nextn_predict_layers of the model is 0");
        }
        boolean reduced = method == Method.AUTO && !modelHasMtp;
        return new Speculation(reduced ? Method.LOOKUP : method, maxDrafts, adaptive);
    }

    /// Whether the MTP module guesses, once resolved.
    boolean usesMtp() {
        return method == Method.MTP || method == Method.AUTO;
    }
}
