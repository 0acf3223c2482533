package dev.minke.model.template;

/// A method with the value it belongs to.
record BoundMethod(Value owner, String name) implements Callable {
    @Override
    public Value call(Rendering r, Args args) {
        return switch (owner) {
            case Text text -> TextMethods.call(r, text, name, args);
            case Loop loop -> loop.callMethod(r, name, args);
            default -> ContainerMethods.call(r, owner, name, args);
        };
    }

    @Override
    public String type() {
        return "builtin_function_or_method";
    }
}
