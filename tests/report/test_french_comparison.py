"""A comparison in French: the same ratios, sentences told, the page proven in its own language."""

from test_compare_page import Agreement, Difference, compared, ratio, shown
from told_figures import figures

from bench.files.locales import language, language_of_page
from bench.phrases import speaking
from bench.report.compare import check_comparison, render_comparison
from bench.report.compare_text import comparison_text

__all__ = ["shown"]  # a fixture


def test_sentences_and_tables_have_the_same_figures():
    score = Difference(score="macro_f1", value=-0.1, low=-0.15, high=-0.05, paired=True)
    one = compared(ratio(), ratio("time", 0.58, 0.01), differences=(score,), agreement=Agreement(same=236, of=240))
    english = comparison_text(one, 300)
    with speaking(language("fr")):
        french = comparison_text(one, 300)
    assert sorted(figures(french)) == sorted(figures(english))
    assert "q4_k_m consomme 0,61 ± 0,03 fois l’énergie de f16 sur prompt-32-8, lot 1 (hôte, MODÉLISÉ" in french
    assert "236 phrases sur 240" in french
    assert "jeton de sortie" in french


def test_the_page_is_told_and_proven(shown):
    with speaking(language("fr")):
        page = render_comparison(shown)
    with speaking(language_of_page(page)):
        assert check_comparison(page, shown) == []
    assert check_comparison(page, shown) != []
    assert 'class="badge modelled">MODÉLISÉ' in page
    assert "Comparaison Joulemark" in page
