package dev.minke.train;

import dev.minke.model.checkpoint.AtomicFiles;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.model.text.BpeTrainer;
import dev.minke.model.text.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Turns text files into token files: a training part and, from the end of every file, a validation
/// part.
final class Corpus {
    private static final int BLOCK = 1 << 20;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final DataConfig config;
    private final List<Document> train = new ArrayList<>();
    private final List<Document> validation = new ArrayList<>();

    /// Part of a file, bytes `from` to `to`.
    private record Document(Path file, long from, long to) {}

    private Corpus(DataConfig config) {
        this.config = config;
    }

    /// Find the files of `config` and split them.
    ///
    /// @throws IOException naming the file or folder that is missing or empty
    static Corpus open(DataConfig config) throws IOException {
        if (config.files().isEmpty()) {
            throw new IllegalArgumentException(
                    "no training data: expected --data with text files or folders");
        }
        Corpus corpus = new Corpus(config);
        for (String name : config.files()) {
            for (Path file : textFiles(Path.of(name))) {
                corpus.add(file);
            }
        }
        if (corpus.train.isEmpty()) {
            throw new IOException(
                    "the training data is empty: " + String.join(", ", config.files()));
        }
        return corpus;
    }

    private static List<Path> textFiles(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString(), "", "expected a text file or folder");
        }
        if (Files.isRegularFile(path)) {
            return List.of(path);
        }
        try (Stream<Path> tree = Files.walk(path)) {
            List<Path> files =
                    tree.filter(Files::isRegularFile).filter(Corpus::isText).sorted().toList();
            if (files.isEmpty()) {
                throw new IOException(
                        path + " holds no training data, expected .txt, .md or .jsonl files");
            }
            return files;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static boolean isText(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".txt") || name.endsWith(".md") || name.endsWith(".jsonl");
    }

    private static boolean isJsonLines(Path file) {
        return file.toString().toLowerCase(Locale.ROOT).endsWith(".jsonl");
    }

    private void add(Path file) throws IOException {
        long size = Files.size(file);
        long cut = size - Math.round(size * config.validationFraction());
        cut = boundary(file, cut, size, isJsonLines(file));
        if (cut > 0) {
            train.add(new Document(file, 0, cut));
        }
        if (cut < size) {
            validation.add(new Document(file, cut, size));
        }
    }

    /// The first position from `cut` on where a character (or a line) begins.
    private static long boundary(Path file, long cut, long size, boolean line) throws IOException {
        if (cut <= 0 || cut >= size) {
            return Math.clamp(cut, 0, size);
        }
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            for (long at = cut; at < size; at++) {
                one.clear();
                channel.read(one, line ? at - 1 : at);
                byte b = one.get(0);
                boolean begins = line ? b == '\n' : (b & 0xC0) != 0x80;
                if (begins) {
                    return at;
                }
            }
            return size;
        }
    }

    /// The tokenizer that the configuration names; one that is trained sees the training part
    /// alone.
    BpeTokenizer tokenizer() throws IOException {
        return switch (config.tokenizer()) {
            case "bytes" -> BpeTokenizer.bytes();
            case "bpe" -> {
                BpeTrainer trainer =
                        new BpeTrainer(
                                new BpeTrainer.Options(
                                        config.vocabSize(),
                                        config.digitsPerToken(),
                                        2,
                                        BpeTrainer.Options.DEEPSEEK_SPECIALS));
                for (Document document : train) {
                    read(document, trainer::add);
                }
                yield trainer.train();
            }
            default -> BpeTokenizer.read(Path.of(config.tokenizer()));
        };
    }

    /// Bytes of the validation part.
    long validationBytes() {
        return validation.stream().mapToLong(d -> d.to() - d.from()).sum();
    }

    /// Encode the training part: documents between begin and end tokens, where there are such.
    void encodeTraining(Tokenizer tokenizer, Path to) throws IOException {
        encode(train, tokenizer, to, true);
    }

    /// Encode the validation part, the text alone: its files go on where the training part ends.
    void encodeValidation(Tokenizer tokenizer, Path to) throws IOException {
        encode(validation, tokenizer, to, false);
    }

    private static void encode(
            List<Document> documents, Tokenizer tokenizer, Path to, boolean framed)
            throws IOException {
        AtomicFiles.write(
                to,
                channel -> {
                    for (Document document : documents) {
                        boolean lines = isJsonLines(document.file());
                        if (framed && !lines && tokenizer.bos().isPresent()) {
                            write(channel, tokenizer.bos().getAsInt());
                        }
                        read(
                                document,
                                text -> {
                                    if (framed && lines && tokenizer.bos().isPresent()) {
                                        write(channel, tokenizer.bos().getAsInt());
                                    }
                                    write(channel, tokenizer.encodePlain(text));
                                    if (framed && lines && tokenizer.eos().isPresent()) {
                                        write(channel, tokenizer.eos().getAsInt());
                                    }
                                });
                        if (framed && !lines && tokenizer.eos().isPresent()) {
                            write(channel, tokenizer.eos().getAsInt());
                        }
                    }
                });
    }

    private static void write(FileChannel channel, int... ids) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(4 * ids.length).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(ids);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @FunctionalInterface
    private interface TextConsumer {
        void accept(String text) throws IOException;
    }

    /// Feed a document's text in blocks that end at a line, or line by line for JSON lines.
    private static void read(Document document, TextConsumer consumer) throws IOException {
        boolean lines = isJsonLines(document.file());
        try (FileChannel channel = FileChannel.open(document.file())) {
            long at = document.from();
            byte[] block = new byte[BLOCK];
            while (at < document.to()) {
                int want = (int) Math.min(block.length, document.to() - at);
                ByteBuffer buffer = ByteBuffer.wrap(block, 0, want);
                while (buffer.hasRemaining() && channel.read(buffer, at + buffer.position()) > 0) {
                    continue;
                }
                int length = buffer.position();
                boolean last = at + length >= document.to();
                int end = last ? length : lastLine(block, length);
                if (length == 0) {
                    throw new IOException(document.file() + " became shorter while it was read");
                }
                if (end == 0) { // one line longer than a block
                    block = new byte[2 * block.length];
                    continue;
                }
                String text = new String(block, 0, end, StandardCharsets.UTF_8);
                if (lines) {
                    for (String line : text.split("\n")) {
                        if (!line.isBlank()) {
                            consumer.accept(jsonText(document.file(), line));
                        }
                    }
                } else {
                    consumer.accept(text);
                }
                at += end;
            }
        }
    }

    private static int lastLine(byte[] block, int length) {
        for (int i = length; i > 0; i--) {
            if (block[i - 1] == '\n') {
                return i;
            }
        }
        return 0;
    }

    private static String jsonText(Path file, String line) throws IOException {
        try {
            JsonNode text = JSON.readTree(line).get("text");
            if (text != null && text.isString()) {
                return text.asString();
            }
        } catch (JacksonException e) {
            throw new IOException(
                    file
                            + ": a line is not JSON: "
                            + line.substring(0, Math.min(60, line.length())),
                    e);
        }
        throw new IOException(
                file
                        + ": a line has no string 'text': "
                        + line.substring(0, Math.min(60, line.length())));
    }
}
