package dev.minke.cli;

import dev.minke.infer.constrain.Constraint;
import dev.minke.infer.constrain.Constraints;
import dev.minke.infer.constrain.MalformedGrammar;
import dev.minke.model.text.BpeTokenizer;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/// The options that hold generated text to a language.
final class ConstraintOptions {
    @Option(
            names = "--json-schema",
            paramLabel = "FILE",
            description = "Write JSON that matches this schema (of JSON Schema 2020-12).")
    private Optional<Path> jsonSchema = Optional.empty();

    @Option(
            names = "--regex",
            paramLabel = "PATTERN",
            description = "Write a text that this regular expression matches as a whole.")
    private Optional<String> regex = Optional.empty();

    @Option(
            names = "--grammar",
            paramLabel = "FILE",
            description = "Write a text of this GBNF grammar, from its rule root.")
    private Optional<Path> grammar = Optional.empty();

    /// Whether there is a language.
    boolean given() {
        return count() > 0;
    }

    private long count() {
        return Stream.of(jsonSchema, regex, grammar).filter(Optional::isPresent).count();
    }

    /// The language, if there is one.
    ///
    /// @throws IOException if a file cannot be read
    /// @throws IllegalArgumentException for more than one option, and for what is not supported,
    ///   naming the place
    Optional<Constraint> constraint(BpeTokenizer tokenizer) throws IOException {
        if (count() > 1) {
            throw new IllegalArgumentException(
                    "--json-schema, --regex and --grammar exclude each other");
        }
        try {
            if (jsonSchema.isPresent()) {
                return Optional.of(Constraints.jsonSchema(read(jsonSchema.get())));
            }
            if (grammar.isPresent()) {
                return Optional.of(Constraints.gbnf(read(grammar.get()), tokenizer));
            }
        } catch (MalformedGrammar e) {
            Path file = jsonSchema.or(() -> grammar).orElseThrow();
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
        return regex.map(Constraints::regex);
    }

    private static String read(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": not a text in UTF-8", e);
        }
    }
}
