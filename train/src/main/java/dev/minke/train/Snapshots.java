package dev.minke.train;

import dev.minke.model.checkpoint.AtomicFiles;
import dev.minke.model.checkpoint.MalformedCheckpoint;
import dev.minke.model.checkpoint.Safetensors;
import dev.minke.model.checkpoint.SafetensorsWriter;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.checkpoint.TensorInfo;
import dev.minke.model.checkpoint.TensorSpec;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.nn.Parameters;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The checkpoints of a run: `checkpoints/step-00000200`, each a Hugging Face folder (F32 weights,
/// config, tokenizer) that every command takes, with `optimizer.safetensors` (both moments and the
/// number of steps done) beside the weights for going on bit for bit.
///
/// A folder appears whole or not at all.
final class Snapshots {
    private static final String FOLDER = "checkpoints";
    private static final String PREFIX = "step-";
    private static final String OPTIMIZER = "optimizer.safetensors";
    private static final String STEP = "step";

    private final Path folder;

    Snapshots(Path run) {
        this.folder = run.resolve(FOLDER);
    }

    /// The newest whole checkpoint of a run.
    Optional<Path> newest() throws IOException {
        List<Path> all = all();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    private List<Path> all() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(p -> p.getFileName().toString().matches(PREFIX + "\\d+"))
                    .sorted()
                    .toList();
        }
    }

    /// Write the state of `trainer`, then drop all but the `kept` newest checkpoints.
    ///
    /// @throws IOException in one line, for instance of a full disk; older checkpoints stay
    Path save(Trainer trainer, BpeTokenizer tokenizer, int kept, Kernels kernels)
            throws IOException {
        Files.createDirectories(folder);
        Path target = folder.resolve("%s%08d".formatted(PREFIX, trainer.step()));
        AtomicFiles.recover(target);
        AtomicFiles.replaceDirectory(
                target,
                begun -> {
                    ModelFolder.save(trainer.model(), begun, StoredType.F32, kernels);
                    tokenizer.save(begun);
                    saveOptimizer(trainer, begun.resolve(OPTIMIZER));
                });
        List<Path> all = all();
        for (Path old : all.subList(0, Math.max(0, all.size() - kept))) {
            delete(old);
        }
        return target;
    }

    private static void saveOptimizer(Trainer trainer, Path file) throws IOException {
        List<TensorSpec> specs = new ArrayList<>();
        List<Tensor> tensors = new ArrayList<>();
        for (Optimizer.State s : trainer.optimizer().states()) {
            specs.add(new TensorSpec("m." + s.parameter().name(), StoredType.F32, s.m().shape()));
            specs.add(new TensorSpec("v." + s.parameter().name(), StoredType.F32, s.v().shape()));
            tensors.add(s.m());
            tensors.add(s.v());
        }
        Map<String, String> metadata = Map.of(STEP, Long.toString(trainer.step()));
        try (SafetensorsWriter writer = SafetensorsWriter.toFile(file, specs, metadata)) {
            for (int i = 0; i < specs.size(); i++) {
                Tensor t = tensors.get(i);
                writer.write(specs.get(i).name(), t.segment().asSlice(t.offset(), t.byteSize()));
            }
            writer.commit();
        }
    }

    /// Load model, moments and step of a checkpoint.
    ///
    /// @throws MalformedCheckpoint if it is not one of a run with these parameters
    static Trainer restore(Path checkpoint, TrainConfig config, Kernels kernels)
            throws IOException {
        DeepSeekModel model = ModelFolder.load(checkpoint, Parameters.forTraining(), kernels);
        Trainer trainer = new Trainer(model, config, kernels);
        Path file = checkpoint.resolve(OPTIMIZER);
        try (Safetensors states = Safetensors.open(file)) {
            for (Optimizer.State s : trainer.optimizer().states()) {
                read(states, "m." + s.parameter().name(), s.m());
                read(states, "v." + s.parameter().name(), s.v());
            }
            String step = states.metadata().getOrDefault(STEP, "");
            if (!step.matches("\\d{1,18}")) {
                throw new MalformedCheckpoint(
                        file, "__metadata__ step", "the number of steps done", "'" + step + "'");
            }
            trainer.restoreStep(Long.parseLong(step));
        }
        return trainer;
    }

    private static void read(Safetensors from, String name, Tensor to) throws IOException {
        TensorInfo info = from.info(name);
        if (info.type() != StoredType.F32 || !info.hasShape(to.shape())) {
            throw new MalformedCheckpoint(
                    from.file(), "tensor " + name, to.toString(), info.toString());
        }
        to.copyFrom(Tensor.of(from.data(name), 0, DType.F32, to.shape()));
    }

    private static void delete(Path folder) throws IOException {
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
                            throws IOException {
                        Files.delete(dir);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
