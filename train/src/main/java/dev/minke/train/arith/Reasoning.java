package dev.minke.train.arith;

/// Choose how much of the calculation an answer writes down, from least to most.
public enum Reasoning {
    /// One equation per step: `Mia has 47 + 38 = 85 apples.`
    DIRECT,
    /// The tens and ones inside the equation, so that no step hides a carry: `Mia has 47 + 38 = 40
    /// + 30 + 7 + 8 = 70 + 15 = 85 apples.`
    CHAINED,
    /// The tens and ones as small equations on a line of their own, then the [#DIRECT] line: `47 +
    /// 38: 40 + 30 = 70, 7 + 8 = 15, 70 + 15 = 85.`
    DECOMPOSED
}
