package dev.minke.it;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Damage to Jinja: tags, names and operators lost, doubled, exchanged, nested, made expensive.
final class DamageTemplate implements Damage.Mutator {
    private static final Pattern TOKENS =
            Pattern.compile("\\{[%{#]-?|-?[%}#]}|'[^']*'|\"[^\"]*\"|\\w+|\\s+|.", Pattern.DOTALL);

    /// Expressions that are unusual, large or without end.
    private static final List<String> EXPRESSIONS =
            List.of(
                    "range(10**9)",
                    "range(10**18) | list",
                    "range(-9223372036854775807, 9223372036854775807) | length",
                    "'a' * 10**9",
                    "('a' * 10**6) * 10**6",
                    "[0] * 10**9",
                    "10 ** 10 ** 10",
                    "9 ** 9 ** 9 ** 9",
                    "(-7) // 0",
                    "7 % 0",
                    "0.0 / 0",
                    "1 / 0.0",
                    "2 ** -1000000000",
                    "1 << 2",
                    "messages[-1]",
                    "messages[10**30]",
                    "messages[::0]",
                    "messages[::-1]",
                    "messages[9223372036854775807:]",
                    "''.join(messages)",
                    "'%s' % messages",
                    "'%999999999d' % 1",
                    "'{:>999999999}'.format(1)",
                    "'{0[0][0]}'.format(messages)",
                    "'{'.format(1)",
                    "'x'.center(10**9)",
                    "'x' | indent(10**9)",
                    "'a,b' | replace('', 'x' * 1000)",
                    "messages | tojson(indent=10**9)",
                    "messages | sort | list",
                    "messages | groupby('role') | list",
                    "messages | batch(0) | list",
                    "messages | slice(0) | list",
                    "messages | sum",
                    "messages | map(attribute='__class__') | list",
                    "messages.__class__.__mro__",
                    "''.__class__",
                    "self",
                    "cycler()",
                    "joiner(1)(2)",
                    "namespace(**{'a': 1}, **{'a': 2})",
                    "dict(a=1).update(b=2)",
                    "messages.append(messages)",
                    "strftime_now('%' * 100000)",
                    "strftime_now('%Y' * 100000)",
                    "raise_exception('a\\nb' * 1000)",
                    "raise_exception(messages)",
                    "lambda x: x",
                    "[x for x in y]",
                    "not not not not",
                    "a.b.c.d[e](f)(g)",
                    "'\\ud800'",
                    "'\\N{BULLET}'",
                    "1_000_000.5e-7",
                    "99999999999999999999999999999999999999",
                    "[[]] is sequence is mapping",
                    "none < 1",
                    "undefined_name.x.y",
                    "true + messages");

    /// Statements that do not end, or not soon.
    private static final List<String> STATEMENTS =
            List.of(
                    "{% macro m(x) %}{{ m(x + 1) }}{% endmacro %}{{ m(0) }}",
                    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}"
                            + "{{ a() }}",
                    "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ m() }}{% endcall"
                            + " %}",
                    "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                    "{% for a in range(10**5) %}{% for b in range(10**5) %}x{% endfor %}{% endfor"
                            + " %}",
                    "{% for a in range(10**9) %}{% endfor %}",
                    "{% set ns = namespace(s='x') %}{% for a in range(99) %}"
                            + "{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
                    "{% set ns = namespace(l=[]) %}{% for a in range(99) %}"
                            + "{% set ns.l = ns.l + [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
                    "{% set ns = namespace(l=[]) %}{% set ns.l = [ns] %}{{ ns.l == ns.l }}{{ ns }}",
                    "{% set n = namespace(i=2) %}{% for a in range(999) %}"
                            + "{% set n.i = n.i * n.i %}{% endfor %}{{ n.i }}",
                    "{% include 'x' %}",
                    "{% import '/etc/passwd' as p %}",
                    "{% extends 'x' %}",
                    "{% block a %}{% endblock %}",
                    "{% raw %}{{",
                    "{% endfor %}",
                    "{% else %}",
                    "{% generation %}",
                    "{% set a, b = 1 %}",
                    "{% set x.y = 1 %}",
                    "{% break %}",
                    "{# #",
                    "{{");

    @Override
    public Damage damage(byte[] original, Random random) {
        String text = new String(original, StandardCharsets.UTF_8);
        List<String> tokens = new ArrayList<>();
        Matcher matcher = TOKENS.matcher(text);
        while (matcher.find()) {
            tokens.add(matcher.group());
        }
        int changes = random.nextInt(3) == 0 ? 1 + random.nextInt(6) : 1;
        String what = "";
        for (int i = 0; i < changes && !tokens.isEmpty(); i++) {
            what = change(tokens, random);
        }
        if (random.nextInt(40) == 0) {
            what = "cut: to any length";
            String joined = String.join("", tokens);
            return new Damage(what, bytes(joined.substring(0, random.nextInt(joined.length()))));
        }
        return new Damage(what, bytes(String.join("", tokens)));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String change(List<String> tokens, Random random) {
        int at = random.nextInt(tokens.size());
        String token = tokens.get(at);
        switch (random.nextInt(12)) {
            case 0, 1 -> {
                tokens.remove(at);
                return "token lost: " + shown(token);
            }
            case 2 -> {
                tokens.add(at, token);
                return "token doubled: " + shown(token);
            }
            case 3, 4 -> {
                tokens.set(at, tokens.get(random.nextInt(tokens.size())));
                return "token: of another place for " + shown(token);
            }
            case 5, 6 -> {
                String expression = EXPRESSIONS.get(random.nextInt(EXPRESSIONS.size()));
                int word = word(tokens, at);
                tokens.set(word, "(" + expression + ")");
                return "expression: " + shown(expression);
            }
            case 7, 8 -> {
                String statement = STATEMENTS.get(random.nextInt(STATEMENTS.size()));
                tokens.add(random.nextInt(3) == 0 ? at : 0, statement);
                return "statement: " + shown(statement);
            }
            case 9 -> {
                String nest = nest(random);
                tokens.add(random.nextBoolean() ? at : 0, nest);
                return "nested: " + shown(nest);
            }
            case 10 -> {
                tokens.set(
                        at,
                        List.of("\u0000", "\ufeff", "\ud800", "\u2028", "\\")
                                .get(random.nextInt(5)));
                return "letter: for " + shown(token);
            }
            default -> {
                String name = "x".repeat(1 + random.nextInt(100_000));
                tokens.set(word(tokens, at), name);
                return "long name: of " + name.length();
            }
        }
    }

    private static int word(List<String> tokens, int from) {
        for (int i = 0; i < tokens.size(); i++) {
            int at = (from + i) % tokens.size();
            if (Character.isLetter(tokens.get(at).charAt(0))) {
                return at;
            }
        }
        return from;
    }

    private static String nest(Random random) {
        int depth = random.nextInt(3) == 0 ? 50_000 : 1 + random.nextInt(2000);
        return switch (random.nextInt(11)) {
            case 0 -> "{{ " + "(".repeat(depth) + "1" + ")".repeat(depth) + " }}";
            case 1 -> "{{ " + "[".repeat(depth) + "]".repeat(depth) + " }}";
            case 2 -> "{{ " + "{1:".repeat(depth) + "1" + "}".repeat(depth) + " }}";
            case 3 -> "{% if true %}".repeat(depth) + "{% endif %}".repeat(depth);
            case 4 -> "{% for x in [1] %}".repeat(depth) + "{% endfor %}".repeat(depth);
            case 5 -> "{{ " + "not ".repeat(depth) + "1 }}";
            case 6 -> "{{ " + "-".repeat(depth) + "1 }}";
            case 7 -> "{{ 1" + " + 1".repeat(depth) + " }}";
            case 8 -> "{{ 'a'" + " | upper".repeat(depth) + " }}";
            case 9 -> "{{ a" + ".a".repeat(depth) + " }}";
            default -> "{{ 1" + " if 1 else 1".repeat(depth) + " }}";
        };
    }

    private static String shown(String text) {
        String line = text.replaceAll("\\p{Cntrl}", "?");
        return line.length() <= 60 ? line : line.substring(0, 60) + "...";
    }
}
