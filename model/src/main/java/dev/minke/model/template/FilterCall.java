package dev.minke.model.template;

import org.jspecify.annotations.Nullable;

/// A filter with its arguments, without what it is applied to.
///
/// @param function what to do; null if no filter has this name
record FilterCall(
        String name, Filters.@Nullable Function function, CallArguments arguments, int at) {

    Value apply(Scope scope, Value input) {
        Args args = arguments.eval(scope);
        Rendering r = scope.rendering();
        r.at(at);
        r.operation();
        if (function == null) {
            throw r.fail(Filters.unknown(name));
        }
        return function.apply(r, input, args);
    }
}
