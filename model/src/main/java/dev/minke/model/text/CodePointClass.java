package dev.minke.model.text;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The code points that a character class of a regular expression takes, looked up in tables.
///
/// Java tries the parts of a class one after another; DeepSeek-V2's letters have over a hundred.
final class CodePointClass {
    private static final int BLOCK = 256;

    /// One bit for each of a block's code points.
    private record Block(long[] bits) {}

    private final Pattern pattern;
    // Filled as needed. A block is safe to see through a race, and a lost one is only made again.
    private final @Nullable Block[] blocks = new Block[(Character.MAX_CODE_POINT + 1) / BLOCK];

    CodePointClass(Pattern pattern) {
        this.pattern = pattern;
    }

    boolean contains(int point) {
        Block block = blocks[point / BLOCK];
        if (block == null) {
            block = block(point / BLOCK);
            blocks[point / BLOCK] = block;
        }
        return (block.bits[point % BLOCK / Long.SIZE] >>> point & 1) != 0;
    }

    private Block block(int index) {
        long[] bits = new long[BLOCK / Long.SIZE];
        Matcher matcher = pattern.matcher("");
        for (int i = 0; i < BLOCK; i++) {
            if (matcher.reset(Character.toString(index * BLOCK + i)).matches()) {
                bits[i / Long.SIZE] |= 1L << i;
            }
        }
        return new Block(bits);
    }
}
