"""Words in a tree of letters, each with a value."""

MISSING = object()


class Node:
    __slots__ = ("children", "value")

    def __init__(self):
        self.children = {}
        self.value = MISSING


class Trie:
    def __init__(self, words=()):
        self.root = Node()
        self.size = 0
        for word in words:
            self.insert(word)

    def __len__(self):
        return self.size

    def __contains__(self, word):
        node = self._find(word)
        return node is not None and node.value is not MISSING

    def _find(self, prefix):
        """The node at the end of these letters, None when nothing begins so."""
        node = self.root
        for letter in prefix:
            node = node.children.get(letter)
            if node is None:
                return None
        return node

    def insert(self, word, value=True):
        """Add a word, or give it another value."""
        node = self.root
        for letter in word:
            node = node.children.setdefault(letter, Node())
        if node.value is MISSING:
            self.size += 1
        node.value = value

    def get(self, word, default=None):
        node = self._find(word)
        if node is None or node.value is MISSING:
            return default
        return node.value

    def delete(self, word):
        """Take a word away, and the letters that only it had.

        Raises KeyError.
        """
        path = [self.root]
        for letter in word:
            node = path[-1].children.get(letter)
            if node is None:
                raise KeyError(word)
            path.append(node)
        if path[-1].value is MISSING:
            raise KeyError(word)
        path[-1].value = MISSING
        self.size -= 1
        for letter, parent, node in zip(reversed(word), reversed(path[:-1]), reversed(path[1:])):
            if node.children or node.value is not MISSING:
                break
            del parent.children[letter]

    def nodes(self):
        """How many letters are kept."""
        count, stack = 0, [self.root]
        while stack:
            node = stack.pop()
            count += len(node.children)
            stack.extend(node.children.values())
        return count

    def items(self, prefix=""):
        """Words that begin so, by letters, with their values."""
        start = self._find(prefix)
        if start is None:
            return
        stack = [(prefix, start)]
        while stack:
            word, node = stack.pop()
            if node.value is not MISSING:
                yield word, node.value
            for letter in sorted(node.children, reverse=True):
                stack.append((word + letter, node.children[letter]))

    def longest_prefix(self, text):
        """The longest word that the text begins with, None when there is none."""
        node, best = self.root, "" if self.root.value is not MISSING else None
        for end, letter in enumerate(text, start=1):
            node = node.children.get(letter)
            if node is None:
                break
            if node.value is not MISSING:
                best = text[:end]
        return best

    def matches(self, pattern):
        """Words by letters; `?` stands for one letter, `*` for any number."""
        found = set()

        def walk(node, word, rest):
            if not rest:
                if node.value is not MISSING:
                    found.add(word)
                return
            if rest[0] == "*":
                walk(node, word, rest[1:])
                for letter, child in node.children.items():
                    walk(child, word + letter, rest)
                return
            for letter, child in node.children.items():
                if rest[0] in ("?", letter):
                    walk(child, word + letter, rest[1:])

        walk(self.root, "", pattern)
        return sorted(found)

    def suggest(self, prefix, number):
        """Words that begin so, those of the highest value first, then by letters."""
        found = sorted(self.items(prefix), key=lambda item: (-item[1], item[0]))
        return [word for word, _ in found[:number]]
