package dev.minke.train.arith;

/// Say which two quantities a step calculates with, in the order they are written.
enum Form {
    /// What there is so far, then the number of the step: `85 - 12`.
    STATE_AND_NUMBER,
    /// The number of the step, then what there is so far: a goal or capacity, `99 - 85`.
    NUMBER_AND_STATE,
    /// What there is so far, then the first number of the question: both owners together.
    STATE_AND_FIRST
}
