package dev.minke.train.arith;

/// Name the two sides of the fixed division of all problems; they share no mix and no numbers.
public enum Split {
    /// Problems whose mix and number tuple are both free for training.
    TRAIN,
    /// Problems whose mix and number tuple are both reserved: neither occurs in any training
    /// problem.
    TEST
}
