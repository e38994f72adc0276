"""Encodings of many languages: what was written is read again, character by character."""

from __future__ import annotations

from pathlib import Path

import pytest

import autoprep as ap
from autoprep.reading.encodings import decode, detect_encoding

TEXTS = {
    "german": "Die größte Straße führt über die Brücke nach Süden;schöne Grüße aus Köln;Bäcker Jürgen Öttinger",
    "french": "L'été dernier à la forêt;déjà vu;garçon très fâché;où êtes-vous, Noël;la façade du château;œuvre",
    "spanish": "La niña pequeña comió mañana;¿cuándo?;el camión está aquí;corazón;pingüino;áéíóú años",
    "polish": "Zażółć gęślą jaźń;źródło wody;łódka na jeziorze;święta już są;dąb i brzoza;mąż i żona",
    "czech": "Příliš žluťoučký kůň úpěl ďábelské ódy;dům u řeky;šťastný nový rok;tři město Plzeň",
    "hungarian": "Árvíztűrő tükörfúrógép;hosszú őszi út;gyönyörű idő;körülbelül öt hónap;Győr város",
    "turkish": "Şehrin güneşli sokakları;çiçek açan ağaç;İstanbul'da yağmur;öğrenci ılık süt içti",
    "russian": "Съешь же ещё этих мягких французских булок;да выпей чаю;Москва, улица Ленина;дом новый",
    "ukrainian": "Щастя їде своєю дорогою;Київ, вулиця Шевченка;ґанок і їжак;новий день у місті",
    "greek": "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία;καλημέρα Αθήνα;ο δρόμος είναι μεγάλος;τιμή προϊόντος",
    "hebrew": "דג סקרן שט בים מאוכזב;שלום עולם;רחוב הנביאים ירושלים;ספר חדש לילד",
    "arabic": "السلام عليكم;مدينة القاهرة الكبرى;شارع جديد;كتاب ممتاز في السوق;يوم الأحد",
    "thai": "กรุงเทพมหานคร;ราคาสินค้าใหม่;ชื่อบริษัท;ประเทศไทย;วันจันทร์ที่ดี",
    "japanese": "いろはにほへと;東京都千代田区;データの住所;山田太郎さん;カタカナとひらがな;価格は千円",
    "simplified": "北京市朝阳区;数据库的地址;张伟的电话;公司名称和价格;中国上海;这是一个新的城市",
    "traditional": "臺北市信義區;資料庫的地址;張偉的電話;公司名稱與價格;這是一個新的城市;國際貿易",
    "korean": "서울특별시 강남구;데이터베이스 주소;김철수의 전화번호;회사 이름과 가격;새로운 도시입니다",
}
CODECS = {
    "german": "cp1252 mac_roman cp850 cp437 iso8859_15 utf-16", "french": "cp1252 mac_roman iso8859_15",
    "spanish": "cp1252 mac_roman cp850", "polish": "cp1250 iso8859_2 cp852", "czech": "cp1250 iso8859_2 cp852",
    "hungarian": "cp1250 iso8859_2", "turkish": "cp1254",
    "russian": "cp1251 koi8_r cp866 iso8859_5 mac_cyrillic utf-16-le",
    "ukrainian": "cp1251 koi8_u", "greek": "cp1253 iso8859_7", "hebrew": "cp1255", "arabic": "cp1256",
    "thai": "cp874", "japanese": "shift_jis euc_jp iso2022_jp utf-16-be", "simplified": "gb18030 gbk",
    "traditional": "big5", "korean": "euc_kr",
}  # fmt: skip


def table(language: str) -> str:
    cells = TEXTS[language].split(";")
    rows = "".join(f"{i},{cells[i % len(cells)]},item {i},{i * 3}.50\n" for i in range(24))
    return "id,text,name,price\n" + rows


@pytest.mark.parametrize(("language", "codec"), [(la, c) for la, all_ in CODECS.items() for c in all_.split()])
def test_every_character_is_read_again(language: str, codec: str) -> None:
    text = table(language)
    data = text.encode(codec, errors="ignore")
    found = detect_encoding(data)
    assert decode(data, found.name).removeprefix("\ufeff") == data.decode(codec).removeprefix("\ufeff")


def test_the_runner_up_and_the_confidence_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,name\n1,caf\xe9\n2,tea\n".encode("latin-1"))
    table = ap.read(path)
    assert table.collect()["name"].to_list() == ["café", "tea"]
    assert table.dialect is not None and table.dialect.encoding == "cp1252"
    assert table.dialect.evidence["encoding"]["runner_up"]


def test_a_few_bytes_that_are_no_utf8_are_kept_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    good = "".join(f"{i},Müller straße {i}\n" for i in range(30))
    path.write_bytes(b"id,name\n" + good.encode() + "99,Größe\n".encode("cp1252"))
    table = ap.read(path)
    assert table.collect()["name"].to_list()[-1] == "Größe"
    assert any("not valid UTF-8" in note for note in table.notes)


@pytest.mark.parametrize(
    "text",
    ["Preis;12 €\nGröße;7 €", "Stadt;Preis\nSão Paulo;104,92 €\nZürich;62,86 €", "Temp 20°C; 5 µm", "£12.50;£3.00",
     "Prix: 10 à 20 €; été", "Menge;±3 %\nFläche;20 m²"],
)  # fmt: skip
def test_signs_beside_numbers_speak_for_the_page_of_today(text):
    """In the pages of old systems the euro of Windows is a lone letter after a number."""
    assert detect_encoding(text.encode("cp1252")).name == "cp1252"


@pytest.mark.parametrize(
    ("spot", "wanted"),
    [(b"using the\xe6M'Kraa crystal", "cp1252"), (b"little knowledge\xcaof cuisines", "mac_roman"),
     (b"Osme\xcc\xb1a and Ch\xcc\xc1vez", ""), (b"the universe?\x8c\xe6,and more", "cp1252"),
     (b"a\xa0Mercedes and \xa0Mercedes", "cp1252"), (b"out\x83 just kidding", ""), (b"a caf\x8e in town", "mac_roman")],
)  # fmt: skip
def test_a_few_bytes_among_ascii_words_are_no_east_asian_text_and_in_doubt(tmp_path: Path, spot, wanted):
    path = tmp_path / "a.csv"
    rows = b"".join(b"%d,plain words of item %d\n" % (i, i) for i in range(20))
    path.write_bytes(b"id,text\n" + rows + b'20,"' + spot + b'"\n')
    found = detect_encoding(path.read_bytes())
    assert found.name in ((wanted,) if wanted else ("cp1252", "mac_roman"))
    assert found.confidence < 0.6
    assert any("The encoding may be" in note for note in ap.read(path).notes)


def test_east_asian_words_of_few_characters_are_read_as_such():
    """Cells of one character, years and months, among columns of ASCII words."""
    rows = "".join(f"{i},{'남여'[i % 2]},{i}년,{'서울' if i % 3 else '부산'},item {i}\n" for i in range(30))
    data = ("id,sex,year,town,name\n" + rows).encode("euc_kr")
    assert decode(data, detect_encoding(data).name).endswith(rows)
