package dev.minke.cli;

import dev.minke.infer.engine.CacheType;
import dev.minke.infer.engine.Speculation;
import dev.minke.infer.engine.Speculation.Method;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// The options of every command that runs an engine.
final class EngineOptions {
    @Option(
            names = "--cache-type",
            paramLabel = "TYPE",
            defaultValue = "f32",
            completionCandidates = CacheTypes.class,
            description =
                    "How the cache keeps numbers: ${COMPLETION-CANDIDATES} (default:"
                            + " ${DEFAULT-VALUE}).")
    private CacheType cacheType = CacheType.F32;

    @Option(
            names = "--speculate",
            paramLabel = "HOW[:N]",
            defaultValue = "auto",
            converter = Speculate.class,
            description =
                    "Guess up to N tokens ahead, which changes the speed alone: off, mtp (the"
                            + " model's own module), lookup (what followed the same words before), auto"
                            + " (what suits the model; default).")
    private Speculation speculation = Speculation.auto();

    /// The names of cache types as they are typed.
    static final class CacheTypes implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(CacheType.values())
                    .map(t -> t.name().toLowerCase(Locale.ROOT))
                    .iterator();
        }
    }

    /// `off`, or a method and perhaps how many tokens.
    static final class Speculate implements ITypeConverter<Speculation> {
        private static final Pattern FORM =
                Pattern.compile("(off|mtp|lookup|auto)(?::([0-9]{1,3}))?");

        @Override
        public Speculation convert(String text) {
            Matcher form = FORM.matcher(text);
            if (!form.matches()) {
                throw new TypeConversionException(
                        "'%s' is no way to speculate, expected off, mtp, lookup or auto, perhaps with a number of tokens as in mtp:2"
                                .formatted(text));
            }
            Method method = Method.valueOf(form.group(1).toUpperCase(Locale.ROOT));
            int drafts = Speculation.auto().maxDrafts();
            try {
                int wanted = form.group(2) == null ? drafts : Integer.parseInt(form.group(2));
                return new Speculation(method, wanted, true);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("'%s': %s".formatted(text, e.getMessage()));
            }
        }
    }

    /// How the cache keeps numbers.
    CacheType cacheType() {
        return cacheType;
    }

    /// Whether and how tokens are guessed ahead.
    Speculation speculation() {
        return speculation;
    }
}
