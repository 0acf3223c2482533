package dev.minke.cli;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.checkpoint.AtomicFiles;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.Pass;
import dev.minke.model.deepseek.RoutingMonitor;
import dev.minke.model.deepseek.TokenBatch;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Writes the logits of every position, for parity checks against other implementations.
@Command(
        name = "logits",
        description = "Write the logits of every position as little-endian float32.",
        mixinStandardHelpOptions = true)
final class Logits implements Callable<Integer> {
    private final Console console;

    @Mixin private ModelArgument model = new ModelArgument();
    @Mixin private Compute compute = new Compute();

    @Option(
            names = "--tokens",
            required = true,
            paramLabel = "IDS",
            description = "Token ids separated by commas or blanks, or @FILE that holds them.")
    private String tokens = "";

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "Where to write [tokens, vocab_size].")
    private Path out = Path.of("");

    @Option(
            names = "--mtp",
            paramLabel = "FILE",
            description = "Where to write the MTP module's, [tokens - 1, vocab_size].")
    private Optional<Path> mtp = Optional.empty();

    Logits(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        int[] ids = ids();
        try (Compute.Session session = compute.open();
                DeepSeekModel loaded = model.load(session.kernels());
                Workspace workspace = new Workspace()) {
            if (mtp.isPresent() && loaded.mtp().isEmpty()) {
                throw new IllegalArgumentException("--mtp: the model has no MTP module");
            }
            for (int id : ids) {
                if (id < 0 || id >= loaded.config().vocabSize()) {
                    throw new IllegalArgumentException(
                            "--tokens: %d is not a token, expected 0 to %d"
                                    .formatted(id, loaded.config().vocabSize() - 1));
                }
            }
            Tape tape = Tape.inference(session.kernels(), workspace);
            TokenBatch batch = TokenBatch.of(List.of(TokenBatch.Sequence.whole(ids)), workspace);
            Pass pass =
                    loaded.pass(tape, batch.positions(), batch.sequences(), RoutingMonitor.none());
            Var hidden = loaded.hidden(pass, batch.tokens());
            write(out, loaded.logits(tape, hidden));
            if (mtp.isPresent()) {
                Pass mtpPass = pass.over(batch.mtpPositions(), batch.mtpSequences());
                Var rows = Ops.gather(tape, hidden, batch.mtpRows());
                Var mtpHidden = loaded.mtpHidden(mtpPass, rows, batch.mtpTokens());
                write(mtp.get(), loaded.logits(tape, mtpHidden));
            }
        }
        return 0;
    }

    private int[] ids() throws IOException {
        String text =
                tokens.startsWith("@") ? Files.readString(Path.of(tokens.substring(1))) : tokens;
        String[] parts = text.strip().split("[,\\s]+");
        int[] ids = new int[parts.length];
        for (int i = 0; i < parts.length; i++) {
            try {
                ids[i] = Integer.parseInt(parts[i]);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "--tokens: '%s' is not a token id".formatted(parts[i]), e);
            }
        }
        return ids;
    }

    private void write(Path file, Tensor logits) throws IOException {
        ByteBuffer bytes =
                logits.segment().asSlice(logits.offset(), logits.byteSize()).asByteBuffer();
        AtomicFiles.write(
                file,
                channel -> {
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                });
        console.note("wrote %s: [%d, %d] float32".formatted(file, logits.rows(), logits.cols()));
    }
}
