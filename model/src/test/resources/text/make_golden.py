"""Writes the golden tables of this folder with Hugging Face's tokenizers (0.23.2).

Run from here: python3 make_golden.py
corpus.txt is the training text; v3.json and gpt2.json are tokenizers trained on it; the *-cases
files hold texts with the ids the library gives. Seeded, so a second run changes nothing.
"""

import json
import random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIALS = ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜▁pad▁｜>"]
SPLITS = [
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""",
]
WORDS = (
    "the whale swam north and the ship followed it for 12 days; in 1851 nobody knew why. "
    "don't we'll they've I'm it's  said  \"Why?\" (x_1 + y)*2 == 3.14\n\n"
    "日本の鯨は大きい。 鲸鱼很大，船很小！ Größe naïve Ünïcödé привет мир שלום नमस्ते 🐋🐳 \t"
).split(" ")


def corpus(random):
    lines = []
    for _ in range(400):
        words = [random.choice(WORDS) for _ in range(random.randint(1, 12))]
        lines.append(" ".join(words))
    return "\n".join(lines) + "\n"


def trained(text, pre_tokenizer, size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def texts(random):
    yield "Hello! 毕老师！1 + 1 = 2 ĠÑĤÐ²ÑĬÑĢ"
    yield "12345 你好123  你好\n 456 \n\n  x\t\ty  "
    ranges = [(32, 126), (0, 31), (128, 591), (880, 1327), (1536, 1791), (2304, 2431),
              (12352, 12543), (19968, 40959), (44032, 55203), (128512, 129791), (8192, 8303),
              (48, 57), (1632, 1641), (768, 879), (65280, 65374), (65536, 1114111), (12288, 12288)]
    for _ in range(150):
        text = ""
        for _ in range(random.randint(1, 20)):
            kind = random.random()
            if kind < 0.3:
                text += random.choice(" \t\n\r\u00a0\u3000") * random.randint(1, 3)
            elif kind < 0.6:
                text += random.choice(WORDS + SPECIALS + ["<｜", "1234567"])
            else:
                low, high = random.choice(ranges)
                text += "".join(chr(random.randint(low, high)) for _ in range(3))
        yield text


def main():
    seeded = random.Random(20)
    text = corpus(seeded)
    with open("corpus.txt", "w", encoding="utf8", newline="") as out:
        out.write(text)
    splits = [pre_tokenizers.Split(Regex(s), "isolated") for s in SPLITS]
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    makers = {
        "v3": trained(text, pre_tokenizers.Sequence(splits + [byte_level]), 420),
        "gpt2": trained(text, pre_tokenizers.ByteLevel(add_prefix_space=False), 420),
    }
    cases = list(texts(seeded))
    for name, tokenizer in makers.items():
        tokenizer.save(f"{name}.json", pretty=False)
        with open(f"{name}-cases.json", "w", encoding="utf8") as out:
            rows = [json.dumps([case, tokenizer.encode(case).ids]) for case in cases]
            out.write("[\n" + ",\n".join(rows) + "\n]\n")


main()
