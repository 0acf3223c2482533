package dev.minke.model.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A statement, which executes itself.
sealed interface Statement {
    /// How execution goes on.
    enum Signal {
        NEXT,
        BREAK,
        CONTINUE
    }

    Signal execute(Scope scope);

    record Data(String text, int at) implements Statement {
        @Override
        public Signal execute(Scope scope) {
            Rendering r = scope.rendering();
            r.at(at);
            r.write(text);
            return Signal.NEXT;
        }
    }

    record Print(Expr value, int at) implements Statement {
        @Override
        public Signal execute(Scope scope) {
            Value printed = value.eval(scope);
            Rendering r = scope.rendering();
            r.at(at);
            r.write(Printer.text(r, printed));
            return Signal.NEXT;
        }
    }

    record Group(List<Statement> statements) implements Statement {
        @Override
        public Signal execute(Scope scope) {
            for (Statement statement : statements) {
                Signal signal = statement.execute(scope);
                if (signal != Signal.NEXT) {
                    return signal;
                }
            }
            return Signal.NEXT;
        }
    }

    record If(List<Expr> tests, List<Body> bodies, Body otherwise) implements Statement {
        @Override
        public Signal execute(Scope scope) {
            for (int i = 0; i < tests.size(); i++) {
                if (tests.get(i).eval(scope).truth()) {
                    return bodies.get(i).execute(scope);
                }
            }
            return otherwise.execute(scope);
        }
    }

    /// @param height how deep the tree is below this, for loops that call themselves
    record For(
            Target target,
            Expr values,
            @Nullable Expr test,
            boolean recursive,
            Body body,
            Body otherwise,
            int height,
            int at)
            implements Statement {
        @Override
        public Signal execute(Scope scope) {
            return run(scope, values.eval(scope), 0);
        }

        /// Run over values, `depth` levels within itself.
        Signal run(Scope scope, Value iterated, int depth) {
            Rendering r = scope.rendering();
            r.at(at);
            Iterator<Value> all = Iteration.over(r, iterated);
            Loop loop =
                    test == null
                            ? new Loop(this, scope, all, Iteration.knownLength(r, iterated), depth)
                            : new Loop(this, scope, passing(scope, all, test), -1, depth);
            boolean empty = true;
            while (loop.advance()) {
                empty = false;
                Scope round = new Scope(scope);
                r.at(at);
                r.operation();
                r.grow(2);
                target.assign(round, loop.current());
                round.set("loop", loop);
                if (body.execute(round) == Signal.BREAK) {
                    break;
                }
            }
            return empty ? otherwise.execute(new Scope(scope)) : Signal.NEXT;
        }

        /// The values that pass the test, asked for one by one as the body changes what it reads.
        private Iterator<Value> passing(Scope scope, Iterator<Value> all, Expr test) {
            return new Iterator<>() {
                private @Nullable Value next;

                @Override
                public boolean hasNext() {
                    Rendering r = scope.rendering();
                    while (next == null && all.hasNext()) {
                        Value value = all.next();
                        Scope round = new Scope(scope);
                        r.at(at);
                        r.operation();
                        r.grow(2);
                        target.assign(round, value);
                        next = test.eval(round).truth() ? value : null;
                    }
                    return next != null;
                }

                @Override
                public Value next() {
                    if (!hasNext() || next == null) {
                        throw new java.util.NoSuchElementException();
                    }
                    Value value = next;
                    next = null;
                    return value;
                }
            };
        }
    }

    record Jump(Signal signal) implements Statement {
        @Override
        public Signal execute(Scope scope) {
            return signal;
        }
    }

    record Set(Target target, Expr value, int at) implements Statement {
        @Override
        public Signal execute(Scope scope) {
            Value assigned = value.eval(scope);
            scope.rendering().at(at);
            target.assign(scope, assigned);
            return Signal.NEXT;
        }
    }

    record SetBlock(Target target, List<FilterCall> filters, Body body, int at)
            implements Statement {
        @Override
        public Signal execute(Scope scope) {
            Rendering r = scope.rendering();
            StringBuilder outer = r.capture();
            Scope inner = new Scope(scope);
            Signal signal = body.execute(inner);
            Value text = r.captured(outer);
            if (signal == Signal.NEXT) {
                for (FilterCall filter : filters) {
                    text = filter.apply(inner, text);
                }
                r.at(at);
                target.assign(scope, text);
            }
            return signal;
        }
    }

    record FilterBlock(List<FilterCall> filters, Body body, int at) implements Statement {
        @Override
        public Signal execute(Scope scope) {
            Rendering r = scope.rendering();
            StringBuilder outer = r.capture();
            Scope inner = new Scope(scope);
            Signal signal = body.execute(inner);
            Value text = r.captured(outer);
            if (signal == Signal.NEXT) {
                for (FilterCall filter : filters) {
                    text = filter.apply(inner, text);
                }
                r.at(at);
                r.write(Printer.text(r, text));
            }
            return signal;
        }
    }

    record With(List<Target> targets, List<Expr> values, Body body, int at) implements Statement {
        @Override
        public Signal execute(Scope scope) {
            List<Value> assigned = new ArrayList<>(values.size());
            for (Expr value : values) {
                assigned.add(value.eval(scope));
            }
            Scope inner = new Scope(scope);
            scope.rendering().at(at);
            for (int i = 0; i < targets.size(); i++) {
                targets.get(i).assign(inner, assigned.get(i));
            }
            return body.execute(inner);
        }
    }

    record MacroDefinition(Macro.Definition macro) implements Statement {
        @Override
        public Signal execute(Scope scope) {
            scope.rendering().at(macro.at());
            scope.rendering().grow(8); // it keeps the scope
            scope.set(macro.name(), new Macro(macro, scope));
            return Signal.NEXT;
        }
    }

    record CallBlock(Expr.Call call, Macro.Definition caller, int at) implements Statement {
        @Override
        public Signal execute(Scope scope) {
            Value result = call.eval(scope, "caller", new Macro(caller, scope));
            Rendering r = scope.rendering();
            r.at(at);
            r.write(Printer.text(r, result));
            return Signal.NEXT;
        }
    }
}
