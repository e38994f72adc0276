"""Kernels on many texts at once: characters or bytes in one array, texts as spans of it."""

from __future__ import annotations

import numpy as np

from autoprep.kernels.compile import kernel


@kernel
def text_jaro_winkler(codes, starts, left, right, least):  # type: ignore[no-untyped-def]
    """Jaro-Winkler similarity of pairs of texts, in [0, 1] (Winkler 1990; common prefix of at most four, weight 0.1).

    Args:
        codes: int32[characters], code points of all texts one after another.
        starts: int64[texts + 1], where each text begins and the last one ends.
        left, right: int64[pairs], places of texts.
        least: pairs that are less alike than this are given up as soon as that is sure, and are 0.

    Returns:
        float64[pairs]; two empty texts are alike.

    Example:
        >>> codes = np.array([ord(c) for c in "marthamarhta"], np.int32)
        >>> at = [np.array(a, np.int64) for a in ([0, 6, 12], [0], [1])]
        >>> float(text_jaro_winkler(codes, *at, 0.0).round(4)[0]), float(text_jaro_winkler(codes, *at, 0.97)[0])
        (0.9611, 0.0)
    """
    pairs = left.size
    out = np.empty(pairs)
    longest = 0
    for i in range(starts.size - 1):
        longest = max(longest, starts[i + 1] - starts[i])
    used = np.zeros(longest, np.bool_)
    order = np.empty(longest, np.int32)
    for p in range(pairs):
        a, b = starts[left[p]], starts[right[p]]
        n, m = starts[left[p] + 1] - a, starts[right[p] + 1] - b
        if n == 0 or m == 0:
            out[p] = 1.0 if n == m else 0.0
            continue
        prefix = 0
        while prefix < min(4, n, m) and codes[a + prefix] == codes[b + prefix]:
            prefix += 1
        # least <= jaro + prefix / 10 (1 - jaro), and jaro <= (matches / n + matches / m + 1) / 3
        lowest = (least - 0.1 * prefix) / (1.0 - 0.1 * prefix)
        needed = (3.0 * lowest - 1.0) / (1.0 / n + 1.0 / m) - 1e-9
        reach = max(n, m) // 2 - 1
        used[:m] = False
        matches = 0
        for i in range(n):
            if min(matches + n - i, m) < needed:
                matches = 0
                break
            low, high = max(0, i - reach), min(m, i + reach + 1)
            for j in range(low, high):
                if not used[j] and codes[a + i] == codes[b + j]:
                    used[j] = True
                    order[matches] = codes[a + i]
                    matches += 1
                    break
        if matches == 0:
            out[p] = 0.0
            continue
        swapped, k = 0, 0
        for j in range(m):
            if used[j]:
                if codes[b + j] != order[k]:
                    swapped += 1
                k += 1
        jaro = (matches / n + matches / m + (matches - swapped / 2.0) / matches) / 3.0
        likeness = jaro + 0.1 * prefix * (1.0 - jaro)
        out[p] = likeness if likeness >= least else 0.0
    return out


@kernel
def text_dice(words, starts, left, right):  # type: ignore[no-untyped-def]
    """Share of words that pairs of texts have in common: twice the common ones over all (Dice 1945), in [0, 1].

    Args:
        words: int64[words], numbers of the distinct words of each text, sorted within the text.
        starts: int64[texts + 1]. left, right: int64[pairs].

    Returns:
        float64[pairs]; 0 where both have none.

    Example:
        >>> at = [np.array(a, np.int64) for a in ([1, 4, 4, 7], [0, 2, 4], [0], [1])]
        >>> float(text_dice(*at)[0])
        0.5
    """
    out = np.zeros(left.size)
    for p in range(left.size):
        i, end = starts[left[p]], starts[left[p] + 1]
        j, stop = starts[right[p]], starts[right[p] + 1]
        total = (end - i) + (stop - j)
        common = 0
        while i < end and j < stop:
            if words[i] == words[j]:
                common += 1
                i += 1
                j += 1
            elif words[i] < words[j]:
                i += 1
            else:
                j += 1
        if total:
            out[p] = 2.0 * common / total
    return out


@kernel
def text_ngrams_in_bucket(data, starts, n, buckets, bucket):  # type: ignore[no-untyped-def]
    """How many runs of ``n`` characters of each text hash into a bucket (64-bit FNV-1a over their UTF-8 bytes).

    Args:
        data: uint8[bytes], UTF-8 of all texts one after another.
        starts: int64[texts + 1], where each text begins and the last one ends.
        n: characters in a run. buckets: how many there are. bucket: the one that is counted.

    Returns:
        int64[texts].

    Example:
        >>> data, starts = np.frombuffer(b"abcabc", np.uint8), np.array([0, 6, 6])
        >>> sum(text_ngrams_in_bucket(data, starts, 3, 2, b) for b in (0, 1)).tolist()
        [4, 0]
    """
    out = np.zeros(starts.size - 1, np.int64)
    for t in range(starts.size - 1):
        end = starts[t + 1]
        begun = starts[t]
        ahead, held = begun, 0
        while begun < end:
            while ahead < end and held < n:  # one character more: its first byte and those that go on
                ahead += 1
                while ahead < end and (data[ahead] & 0xC0) == 0x80:
                    ahead += 1
                held += 1
            if held < n:
                break
            digest = np.uint64(0xCBF29CE484222325)
            for i in range(begun, ahead):
                digest = (digest ^ np.uint64(data[i])) * np.uint64(0x100000001B3)
            if digest % np.uint64(buckets) == np.uint64(bucket):
                out[t] += 1
            begun += 1
            while begun < end and (data[begun] & 0xC0) == 0x80:
                begun += 1
            held -= 1
    return out
