package dev.minke.model.template;

/// A value that can be called.
sealed interface Callable extends Value permits BoundMethod, Builtin, Loop, Macro {
    Value call(Rendering r, Args args);

    @Override
    default boolean truth() {
        return true;
    }
}
