package dev.minke.model.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An expression, which evaluates itself.
sealed interface Expr {
    Value eval(Scope scope);

    record Constant(Value value) implements Expr {
        @Override
        public Value eval(Scope scope) {
            return value;
        }
    }

    record Name(String name, int at) implements Expr {
        @Override
        public Value eval(Scope scope) {
            scope.rendering().step();
            Value found = scope.find(name);
            if (found == null) {
                scope.rendering().operation();
                return Undefined.variable(name);
            }
            return found;
        }
    }

    record Sequence(List<Expr> items, boolean tuple, int at) implements Expr {
        @Override
        public Value eval(Scope scope) {
            Rendering r = scope.rendering();
            List<Value> values = new ArrayList<>(items.size());
            for (Expr item : items) {
                values.add(item.eval(scope));
            }
            r.at(at);
            return tuple ? Items.tuple(r, values) : Items.list(r, values);
        }
    }

    record Mapping(List<Expr> keys, List<Expr> values, int at) implements Expr {
        @Override
        public Value eval(Scope scope) {
            Rendering r = scope.rendering();
            var dict = new Dict.Builder(r);
            for (int i = 0; i < keys.size(); i++) {
                Value key = keys.get(i).eval(scope);
                Value value = values.get(i).eval(scope);
                r.at(at);
                dict.put(key, value);
            }
            return dict.build();
        }
    }

    record Attribute(Expr owner, String name, int at) implements Expr {
        @Override
        public Value eval(Scope scope) {
            Value value = owner.eval(scope);
            Rendering r = scope.rendering();
            r.at(at);
            r.step();
            return Attributes.attribute(r, value, name);
        }
    }

    record Subscript(Expr owner, Expr index, int at) implements Expr {
        @Override
        public Value eval(Scope scope) {
            Value value = owner.eval(scope);
            Value key = index.eval(scope);
            Rendering r = scope.rendering();
            r.at(at);
            r.step();
            return Attributes.item(r, value, key);
        }
    }

    record Slice(Expr owner, @Nullable Expr start, @Nullable Expr stop, @Nullable Expr step, int at)
            implements Expr {
        @Override
        public Value eval(Scope scope) {
            Value value = owner.eval(scope);
            Value from = part(scope, start);
            Value to = part(scope, stop);
            Value by = part(scope, step);
            Rendering r = scope.rendering();
            r.at(at);
            r.step();
            return Slices.slice(r, value, from, to, by);
        }

        private static Value part(Scope scope, @Nullable Expr part) {
            return part == null ? None.NONE : part.eval(scope);
        }
    }

    record Call(Expr callee, CallArguments arguments, int at) implements Expr {
        @Override
        public Value eval(Scope scope) {
            Value function = callee.eval(scope);
            Args args = arguments.eval(scope);
            return call(scope, function, args);
        }

        /// Call with one more argument by name.
        Value eval(Scope scope, String name, Value value) {
            Value function = callee.eval(scope);
            return call(scope, function, arguments.eval(scope).with(name, value));
        }

        private Value call(Scope scope, Value function, Args args) {
            Rendering r = scope.rendering();
            r.at(at);
            r.operation();
            return switch (function) {
                case Callable callable -> callable.call(r, args);
                case Undefined undefined -> throw r.fail(undefined.message());
                default -> throw r.fail("'%s' object is not callable".formatted(function.type()));
            };
        }
    }

    record Filter(Expr input, FilterCall filter) implements Expr {
        @Override
        public Value eval(Scope scope) {
            return filter.apply(scope, input.eval(scope));
        }
    }

    record Test(
            Expr input,
            String name,
            Predicates.@Nullable Function function,
            CallArguments arguments,
            int at)
            implements Expr {
        @Override
        public Value eval(Scope scope) {
            Value value = input.eval(scope);
            Args args = arguments.eval(scope);
            Rendering r = scope.rendering();
            r.at(at);
            r.step();
            if (function == null) {
                throw r.fail(Predicates.unknown(name));
            }
            return Bool.of(function.test(r, value, args));
        }
    }

    record Not(Expr operand) implements Expr {
        @Override
        public Value eval(Scope scope) {
            return Bool.of(!operand.eval(scope).truth());
        }
    }

    record Sign(Expr operand, boolean negative, int at) implements Expr {
        @Override
        public Value eval(Scope scope) {
            Value value = operand.eval(scope);
            Rendering r = scope.rendering();
            r.at(at);
            return Operators.sign(r, value, negative);
        }
    }

    /// One step of a chain: what is done with what is there so far.
    record Operation(String operator, Expr operand, int at) {}

    record Arithmetic(Expr first, List<Operation> operations) implements Expr {
        @Override
        public Value eval(Scope scope) {
            Value value = first.eval(scope);
            Rendering r = scope.rendering();
            for (Operation operation : operations) {
                Value operand = operation.operand().eval(scope);
                r.at(operation.at());
                r.operation();
                value = Operators.apply(r, operation.operator(), value, operand);
            }
            return value;
        }
    }

    record Concat(List<Expr> parts, int at) implements Expr {
        @Override
        public Value eval(Scope scope) {
            Rendering r = scope.rendering();
            var text = new TextBuilder(r);
            for (Expr part : parts) {
                Value value = part.eval(scope);
                r.at(at);
                Printer.print(text, value);
            }
            return text.toText();
        }
    }

    /// Operands with `and` or with `or` between them: the one that decides is the value.
    record Logical(List<Expr> operands, boolean or) implements Expr {
        @Override
        public Value eval(Scope scope) {
            Value value = operands.getFirst().eval(scope);
            for (int i = 1; i < operands.size() && value.truth() != or; i++) {
                value = operands.get(i).eval(scope);
            }
            return value;
        }
    }

    record Compare(Expr first, List<Comparison> operators, List<Expr> operands, int at)
            implements Expr {
        @Override
        public Value eval(Scope scope) {
            Rendering r = scope.rendering();
            Value left = first.eval(scope);
            for (int i = 0; i < operands.size(); i++) {
                Value right = operands.get(i).eval(scope);
                r.at(at);
                r.step();
                if (!operators.get(i).test(r, left, right)) {
                    return Bool.FALSE;
                }
                left = right;
            }
            return Bool.TRUE;
        }
    }

    record Conditional(Expr test, Expr then, @Nullable Expr otherwise, int at) implements Expr {
        @Override
        public Value eval(Scope scope) {
            if (test.eval(scope).truth()) {
                return then.eval(scope);
            }
            return otherwise != null
                    ? otherwise.eval(scope)
                    : Undefined.hint(
                            "the inline if-expression was false and there is no 'else' for it");
        }
    }
}
