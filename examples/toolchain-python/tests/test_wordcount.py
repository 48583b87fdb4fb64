import unittest

from wordcount import count_words, top_words


class WordCount(unittest.TestCase):
    def test_case_does_not_matter(self):
        self.assertEqual(count_words("To be, to BE")["be"], 2)

    def test_equal_numbers_are_sorted_by_name(self):
        self.assertEqual(top_words("b a c a", 2), ["a", "b"])


if __name__ == "__main__":
    unittest.main()
