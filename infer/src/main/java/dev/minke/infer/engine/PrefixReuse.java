package dev.minke.infer.engine;

/// Which cached blocks a new request may use instead of computing them.
public enum PrefixReuse {
    /// None.
    OFF,
    /// Those that were computed in the form in which this request would compute them: the same
    /// tokens give the same bits, hit or miss.
    EXACT,
    /// Any with the same tokens. Blocks of generated text and of the end of a prompt serve longer
    /// prompts too; results may differ in the last bits.
    ANY
}
