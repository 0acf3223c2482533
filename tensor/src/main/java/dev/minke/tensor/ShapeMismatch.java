package dev.minke.tensor;

/// Say that a tensor's shape does not fit an operation: names the tensor, what was found and what
/// would fit.
public final class ShapeMismatch extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /// @param message operation, operand, found and expected shape
    public ShapeMismatch(String message) {
        super(message);
    }
}
