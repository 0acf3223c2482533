package dev.minke.cli;

import dev.minke.model.text.BpeTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Shows how a model's tokenizer cuts a text, or what ids stand for.
@Command(
        name = "tokenize",
        description = "Show the tokens of a text, or the text of token ids.",
        mixinStandardHelpOptions = true)
final class Tokenize implements Callable<Integer> {
    private final Console console;

    @Spec private CommandSpec spec;
    @Mixin private ModelArgument model = new ModelArgument();

    @Parameters(index = "1", arity = "0..1", paramLabel = "TEXT", description = "The text to cut.")
    private Optional<String> text = Optional.empty();

    @Option(names = "--stdin", description = "Cut standard input in place of TEXT.")
    private boolean stdin;

    @Option(
            names = "--decode",
            paramLabel = "IDS",
            description = "Print the text of token ids, separated by commas or blanks.")
    private Optional<String> decode = Optional.empty();

    @Option(names = "--bos", description = "Begin with the token that begins a text.")
    private boolean bos;

    @Option(names = "--ids", description = "Print the ids alone, separated by commas.")
    private boolean idsOnly;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    Tokenize(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        long sources = (text.isPresent() ? 1 : 0) + (stdin ? 1 : 0) + (decode.isPresent() ? 1 : 0);
        if (sources != 1) {
            throw usage("expected one of TEXT, --stdin and --decode, found " + sources);
        }
        if (idsOnly && json) {
            throw usage("--ids and --json exclude each other");
        }
        if (decode.isPresent() && (bos || idsOnly)) {
            throw usage("--decode takes neither --bos nor --ids");
        }
        BpeTokenizer tokenizer = model.tokenizer();
        if (decode.isPresent()) {
            String decoded = decode(tokenizer, ids(decode.get()));
            if (json) {
                console.json(Map.of("text", decoded));
            } else {
                console.result(decoded);
            }
            return 0;
        }
        int[] ids =
                stdin
                        ? tokenizer.encode(System.in.readAllBytes())
                        : tokenizer.encode(text.orElseThrow());
        show(tokenizer, bos ? begun(tokenizer, ids) : ids);
        return 0;
    }

    private ParameterException usage(String problem) {
        return new ParameterException(spec.commandLine(), problem);
    }

    private static int[] ids(String list) {
        List<Integer> parsed = new ArrayList<>();
        for (String id : list.strip().split("[,\\s]+")) {
            try {
                if (!id.isEmpty()) {
                    parsed.add(Integer.parseInt(id));
                }
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "--decode: '%s' is not a token id".formatted(id), e);
            }
        }
        return parsed.stream().mapToInt(Integer::intValue).toArray();
    }

    private static String decode(BpeTokenizer tokenizer, int[] ids) {
        try {
            return tokenizer.decode(ids);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--decode: " + e.getMessage(), e);
        }
    }

    private static int[] begun(BpeTokenizer tokenizer, int[] ids) {
        int first =
                tokenizer
                        .bos()
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "--bos: the tokenizer has no token that begins a"
                                                + " text"));
        if (ids.length > 0 && ids[0] == first) {
            return ids;
        }
        int[] begun = new int[ids.length + 1];
        begun[0] = first;
        System.arraycopy(ids, 0, begun, 1, ids.length);
        return begun;
    }

    private void show(BpeTokenizer tokenizer, int[] ids) {
        if (idsOnly) {
            console.result(
                    Arrays.stream(ids)
                            .mapToObj(Integer::toString)
                            .collect(Collectors.joining(",")));
            return;
        }
        if (json) {
            List<Map<String, Object>> tokens = new ArrayList<>();
            for (int id : ids) {
                tokens.add(object(tokenizer, id));
            }
            console.json(Map.of("tokens", tokens));
            return;
        }
        console.result("index       id  token");
        for (int i = 0; i < ids.length; i++) {
            console.result(
                    "%5d %8d  %s%s"
                            .formatted(
                                    i,
                                    ids[i],
                                    quoted(tokenizer.bytes(ids[i])),
                                    tokenizer.special(ids[i]) ? "  special" : ""));
        }
    }

    private static Map<String, Object> object(BpeTokenizer tokenizer, int id) {
        Map<String, Object> token = new LinkedHashMap<>();
        byte[] bytes = tokenizer.bytes(id);
        token.put("id", id);
        if (isText(bytes)) {
            token.put("text", new String(bytes, StandardCharsets.UTF_8));
        } else {
            token.put("hex", HexFormat.of().formatHex(bytes));
        }
        token.put("special", tokenizer.special(id));
        return token;
    }

    private static boolean isText(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        return Arrays.equals(text.getBytes(StandardCharsets.UTF_8), bytes);
    }

    /// Write a token's bytes on one line: what cannot be seen as an escape, and bytes that are only
    /// a part of a character as `\xNN`.
    static String quoted(byte[] bytes) {
        StringBuilder line = new StringBuilder("\"");
        if (isText(bytes)) {
            new String(bytes, StandardCharsets.UTF_8)
                    .codePoints()
                    .forEach(point -> line.append(visible(point)));
        } else {
            for (byte b : bytes) {
                line.append(b >= 0 ? visible(b) : "\\x%02X".formatted(b));
            }
        }
        return line.append('"').toString();
    }

    private static String visible(int point) {
        return switch (point) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case ' ' -> " ";
            default ->
                    switch (Character.getType(point)) {
                        case Character.CONTROL,
                                Character.FORMAT,
                                Character.UNASSIGNED,
                                Character.PRIVATE_USE,
                                Character.SPACE_SEPARATOR,
                                Character.LINE_SEPARATOR,
                                Character.PARAGRAPH_SEPARATOR ->
                                "\\u{%04X}".formatted(point);
                        default -> Character.toString(point);
                    };
        };
    }
}
