package dev.minke.infer.engine;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// Which block holds the cache of which 64 tokens after which prefix: a tree, one node for each
/// full block.
///
/// A child is found by the hash of its tokens under its parent, and the tokens themselves are
/// compared, so that two prefixes are never confused. A node may have lost its block and still have
/// descendants that hold theirs: computing the block again makes them reachable again. A node
/// without block, children and holders is forgotten.
final class PrefixIndex {
    /// The block of a node that has none.
    static final int NONE = -1;

    /// A prefix of whole blocks.
    static final class Node {
        private final long serial;
        private final Key key;
        private final Node parent; // the root is its own
        private int children;
        private int holders;
        private int block = NONE;
        private PrefixKey name = PrefixKey.NONE;

        private Node() {
            serial = 0;
            key = new Key(-1, 0, new int[0], 0);
            parent = this;
            holders = 1; // never forgotten
        }

        private Node(long serial, Key key, Node parent) {
            this.serial = serial;
            this.key = key;
            this.parent = parent;
        }

        /// The block that holds the last 64 tokens of this prefix, or [#NONE].
        int block() {
            return block;
        }

        /// The prefix without its last block; the root's is the root.
        Node parent() {
            return parent;
        }

        /// Whether [PrefixIndex#key] has been asked for it.
        boolean hasKey() {
            return name != PrefixKey.NONE;
        }

        /// Give the root its key.
        void name(PrefixKey key) {
            name = key;
        }
    }

    /// What identifies a child; `hash` is that of the rest.
    private record Key(long parent, int kind, int[] tokens, int hash) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Key key
                    && key.hash == hash
                    && key.parent == parent
                    && key.kind == kind
                    && Arrays.equals(key.tokens, tokens);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private final Map<Key, Node> nodes = new HashMap<>();
    private final Node root = new Node();
    private final long secret;
    private long serials = 1;

    /// @param secret enters every hash, so that nobody can aim at a bucket
    PrefixIndex(long secret) {
        this.secret = secret;
    }

    /// The empty prefix.
    Node root() {
        return root;
    }

    /// The prefix that continues `parent` with the block of tokens from `from` on, if it is known.
    ///
    /// @param kind numbers computed in another way are kept apart
    /// @return the node, or the root if there is none
    Node find(Node parent, int kind, int[] tokens, int from) {
        Node node = nodes.get(key(parent, kind, tokens, from));
        return node == null ? root : node;
    }

    /// As [#find], but made if it is not known; nobody holds it yet.
    Node findOrAdd(Node parent, int kind, int[] tokens, int from) {
        Key key = key(parent, kind, tokens, from);
        Node known = nodes.get(key);
        if (known != null) {
            return known;
        }
        Node node = new Node(serials++, key, parent);
        nodes.put(key, node);
        parent.children++;
        return node;
    }

    private Key key(Node parent, int kind, int[] tokens, int from) {
        int[] own = Arrays.copyOfRange(tokens, from, from + CacheLayout.BLOCK);
        long hash = secret ^ parent.serial * 0x9E3779B97F4A7C15L ^ kind;
        for (int token : own) {
            hash = (hash ^ token) * 0xBF58476D1CE4E5B9L;
            hash ^= hash >>> 29;
        }
        return new Key(parent.serial, kind, own, (int) (hash ^ hash >>> 32));
    }

    /// The key of a prefix, once the root has one.
    PrefixKey key(Node node) {
        if (!node.hasKey()) {
            node.name = key(node.parent).child(node.key.kind, node.key.tokens, 0);
        }
        return node.name;
    }

    /// Let `block` serve this prefix.
    void put(Node node, int block) {
        assert node.block == NONE : "two blocks for one prefix";
        node.block = block;
    }

    /// The node's block was given to somebody else.
    void drop(Node node) {
        node.block = NONE;
        prune(node);
    }

    /// Keep the node while a sequence ends in it.
    void hold(Node node) {
        node.holders++;
    }

    /// End of [#hold].
    void release(Node node) {
        node.holders--;
        prune(node);
    }

    private void prune(Node from) {
        Node node = from;
        while (node.block == NONE && node.children == 0 && node.holders == 0) {
            nodes.remove(node.key);
            node = node.parent;
            node.children--;
        }
    }

    /// Nodes, the root not counted.
    int size() {
        return nodes.size();
    }

    /// Whether `node` can still be found.
    boolean contains(Node node) {
        Node found = nodes.get(node.key);
        return found != null && found.serial == node.serial;
    }

    /// Nodes that have a block.
    int blocks() {
        int count = 0;
        for (Node node : nodes.values()) {
            count += node.block == NONE ? 0 : 1;
        }
        return count;
    }

    /// Check that counters and links agree.
    ///
    /// @throws IllegalStateException naming what does not
    void check() {
        Map<Long, Integer> children = new HashMap<>();
        for (Node node : nodes.values()) {
            children.merge(node.parent.serial, 1, Integer::sum);
            boolean orphan = node.parent.serial != 0 && !contains(node.parent);
            if (orphan || node.key.parent != node.parent.serial) {
                throw new IllegalStateException("prefix " + node.serial + " has lost its parent");
            }
        }
        for (Node node : nodes.values()) {
            int count = children.getOrDefault(node.serial, 0);
            boolean useless = node.block == NONE && count == 0 && node.holders == 0;
            if (node.children != count || node.holders < 0 || useless) {
                throw new IllegalStateException(
                        "prefix %d counts %d children and %d holders, has %d and block %d"
                                .formatted(
                                        node.serial,
                                        node.children,
                                        node.holders,
                                        count,
                                        node.block));
            }
        }
        if (root.children != children.getOrDefault(0L, 0)) {
            throw new IllegalStateException("the root counts %d children".formatted(root.children));
        }
    }
}
