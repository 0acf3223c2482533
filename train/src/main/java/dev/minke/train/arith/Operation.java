package dev.minke.train.arith;

/// Name the four operations, with the symbol that answers write.
enum Operation {
    ADD("+"),
    SUBTRACT("-"),
    MULTIPLY("*"),
    DIVIDE("/");

    private final String symbol;

    Operation(String symbol) {
        this.symbol = symbol;
    }

    String symbol() {
        return symbol;
    }

    /// Tell whether the result is a whole number in 0..99, as every number of a problem must be.
    boolean fits(int left, int right) {
        return switch (this) {
            case ADD -> left + right <= 99;
            case SUBTRACT -> left >= right;
            case MULTIPLY -> left * right <= 99;
            case DIVIDE -> right > 0 && left % right == 0;
        };
    }

    /// Compute the result for operands that [#fits] accepts.
    int apply(int left, int right) {
        assert fits(left, right) : left + " " + symbol + " " + right;
        return switch (this) {
            case ADD -> left + right;
            case SUBTRACT -> left - right;
            case MULTIPLY -> left * right;
            case DIVIDE -> left / right;
        };
    }
}
