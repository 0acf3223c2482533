package dev.minke.model.template;

import org.jspecify.annotations.Nullable;

/// What is not there: prints as nothing, holds nothing, and fails when more is asked of it.
final class Undefined implements Value {
    private final @Nullable Value owner;
    private final @Nullable Value name;
    private final String text;

    private Undefined(@Nullable Value owner, @Nullable Value name, String text) {
        this.owner = owner;
        this.name = name;
        this.text = text;
    }

    static Undefined variable(String name) {
        return new Undefined(null, Text.of(name), "");
    }

    static Undefined hint(String message) {
        return new Undefined(null, null, message);
    }

    /// An attribute or element that the owner does not have.
    static Undefined of(Value owner, Value name) {
        return new Undefined(owner, name, "");
    }

    /// An attribute that templates may not use.
    static Undefined unsafe(Value owner, String attribute) {
        return hint(
                "access to attribute '%s' of '%s' object is unsafe"
                        .formatted(attribute, owner.type()));
    }

    /// What is missing.
    String message() {
        if (name == null) {
            return text;
        }
        if (owner == null) {
            return "'%s' is undefined".formatted(((Text) name).string());
        }
        String of =
                switch (owner) {
                    case None _ -> "None";
                    case Namespace _ -> "namespace object";
                    default -> owner.type() + " object";
                };
        return switch (name) {
            case Text attribute ->
                    "'%s' has no attribute '%s'".formatted(of, Source.shown(attribute.string()));
            case Int index -> "%s has no element %s".formatted(of, index.value());
            default -> "%s has no element of type %s".formatted(of, name.type());
        };
    }

    @Override
    public String type() {
        return "Undefined";
    }

    @Override
    public boolean truth() {
        return false;
    }
}
