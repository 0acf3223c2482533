package dev.minke.model.template;

/// A piece of a template.
///
/// @param text the data, name, operator, digits, or the unescaped string
/// @param at offset in the source
record Token(Type type, String text, int at) {
    enum Type {
        DATA("text"),
        PRINT_BEGIN("'{{'"),
        PRINT_END("'}}'"),
        BLOCK_BEGIN("'{%'"),
        BLOCK_END("'%}'"),
        NAME("a name"),
        STRING("a string"),
        INTEGER("an integer"),
        FLOAT("a number"),
        OPERATOR("an operator"),
        END("the end of the template");

        private final String description;

        Type(String description) {
            this.description = description;
        }
    }

    boolean is(Type wanted, String wantedText) {
        return type == wanted && text.equals(wantedText);
    }

    boolean isName(String name) {
        return is(Type.NAME, name);
    }

    boolean isOperator(String operator) {
        return is(Type.OPERATOR, operator);
    }

    /// Name the token for a message.
    String describe() {
        return switch (type) {
            case NAME, OPERATOR, INTEGER, FLOAT -> "'" + Source.shown(text) + "'";
            case DATA, PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, STRING, END ->
                    type.description;
        };
    }
}
