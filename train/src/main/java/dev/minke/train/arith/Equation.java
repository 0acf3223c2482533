package dev.minke.train.arith;

/// One calculation of a problem, with all three numbers in 0..99.
record Equation(int left, Operation operation, int right) {

    int result() {
        return operation.apply(left, right);
    }

    /// Write the expression alone, as in `47 + 38`.
    String expression() {
        return left + " " + operation.symbol() + " " + right;
    }

    /// Write the whole equation, as in `47 + 38 = 85`.
    String text() {
        return expression() + " = " + result();
    }

    /// Write the equation by way of its tens and ones, or as [#text] where there is nothing to
    /// split.
    String chain() {
        var working = Working.of(this);
        return working.trivial()
                ? text()
                : expression() + " = " + working.chain() + " = " + result();
    }
}
