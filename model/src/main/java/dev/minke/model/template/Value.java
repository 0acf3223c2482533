package dev.minke.model.template;

/// What an expression can be. The set is closed: no object of Java's is ever reachable.
sealed interface Value
        permits Bool,
                Callable,
                Dict,
                DictView,
                Int,
                Items,
                Namespace,
                None,
                Range,
                Real,
                Stream,
                Text,
                Undefined {

    /// Python's name of the type.
    String type();

    /// Whether a condition holds for it.
    boolean truth();

    /// How deep containers are nested in it.
    default int height() {
        return 0;
    }
}
