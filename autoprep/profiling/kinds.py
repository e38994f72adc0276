"""Words that are right as they stand: countries, states, languages, currencies, months, days, nationalities."""

from __future__ import annotations

from functools import cache

from autoprep.profiling.names import COUNTRIES, SCALES

_MORE_COUNTRIES = (
    "antigua and barbuda,aruba,bermuda,bonaire,bosnia,central african republic,cook islands,corsica,curaçao,curacao,"
    "democratic republic of the congo,republic of the congo,equatorial guinea,falkland islands,faroe islands,"
    "french guiana,french polynesia,gibraltar,greenland,guadeloupe,guam,guernsey,guiana,guinea-bissau,jersey,kosovo,"
    "macao,macau,macedonia,marshall islands,martinique,mayotte,micronesia,montserrat,nauru,new caledonia,niue,"
    "palestine,réunion,reunion,saint lucia,saint kitts and nevis,saint martin,san marino,scotland,wales,"
    "northern ireland,slovak republic,solomon islands,south sudan,swaziland,são tomé and príncipe,"
    "sao tome and principe,timor-leste,tokelau,tuvalu,vatican city,virgin islands,western sahara,zaire,burma,ceylon,"
    "czechoslovakia,yugoslavia,prussia,persia,siam,rhodesia,austria-hungary,west germany,east germany,soviet union,"
    "ussr,uae"
)
_STATES = (
    "alabama,alaska,arizona,arkansas,california,colorado,connecticut,delaware,florida,georgia,hawaii,idaho,illinois,"
    "indiana,iowa,kansas,kentucky,louisiana,maine,maryland,massachusetts,michigan,minnesota,mississippi,missouri,"
    "montana,nebraska,nevada,new hampshire,new jersey,new mexico,new york,north carolina,north dakota,ohio,oklahoma,"
    "oregon,pennsylvania,rhode island,south carolina,south dakota,tennessee,texas,utah,vermont,virginia,washington,"
    "west virginia,wisconsin,wyoming,district of columbia,alberta,british columbia,manitoba,new brunswick,nova scotia,"
    "newfoundland,nunavut,ontario,quebec,québec,saskatchewan,yukon"
)
_PEOPLES = (
    "afghan,albanian,algerian,american,andorran,angolan,argentine,argentinian,armenian,australian,austrian,azerbaijani,"
    "bahamian,bahraini,bangladeshi,belarusian,belgian,beninese,bolivian,bosnian,brazilian,british,bulgarian,burmese,"
    "cambodian,cameroonian,canadian,chadian,chilean,chinese,colombian,congolese,croatian,cuban,cypriot,czech,danish,"
    "dutch,ecuadorian,egyptian,english,eritrean,estonian,ethiopian,fijian,filipino,finnish,french,gabonese,gambian,"
    "georgian,german,ghanaian,greek,guatemalan,guinean,guyanese,haitian,honduran,hungarian,icelandic,indian,indonesian,"
    "iranian,iraqi,irish,israeli,italian,ivorian,jamaican,japanese,jordanian,kazakh,kenyan,korean,kuwaiti,kyrgyz,"
    "laotian,latvian,lebanese,liberian,libyan,lithuanian,malagasy,malawian,malaysian,malian,maltese,mauritanian,"
    "mauritian,mexican,moldovan,mongolian,moroccan,mozambican,namibian,nepalese,nicaraguan,nigerian,nigerien,norwegian,"
    "omani,pakistani,panamanian,paraguayan,peruvian,polish,portuguese,qatari,romanian,russian,rwandan,saudi,scottish,"
    "senegalese,serbian,singaporean,slovak,slovakian,slovene,slovenian,somali,spanish,sudanese,swedish,swiss,syrian,"
    "taiwanese,tajik,tanzanian,thai,togolese,tunisian,turkish,turkmen,ugandan,ukrainian,uruguayan,uzbek,venezuelan,"
    "vietnamese,welsh,yemeni,zambian,zimbabwean,afrikaans,amharic,arabic,basque,bengali,breton,cantonese,catalan,"
    "corsican,esperanto,faroese,farsi,flemish,frisian,galician,gujarati,hausa,hebrew,hindi,igbo,javanese,kannada,khmer,"
    "kurdish,lao,latin,luxembourgish,macedonian,malay,malayalam,mandarin,maori,marathi,nepali,pashto,persian,punjabi,"
    "quechua,samoan,sanskrit,sindhi,sinhala,swahili,tagalog,tamil,tatar,telugu,tibetan,tswana,turkic,urdu,uyghur,xhosa,"
    "yiddish,yoruba,zulu"
)
_CURRENCIES = (
    "baht,bolivar,boliviano,cedi,crown,dinar,dirham,dollar,dong,drachma,escudo,euro,florin,forint,franc,guilder,krona,"
    "krone,kroner,kuna,kyat,lek,lempira,leu,lev,lira,lire,mark,naira,peseta,peso,pound,rand,real,renminbi,rial,riyal,"
    "ringgit,rouble,ruble,rupee,rupiah,schilling,shekel,shilling,sterling,won,yen,yuan,zloty"
)
_CONTINENTS = "africa,america,antarctica,asia,australia,europe,eurasia,oceania"

KINDS: tuple[frozenset[str], ...] = (
    COUNTRIES | frozenset(_MORE_COUNTRIES.split(",")) | frozenset(_CONTINENTS.split(",")),
    frozenset(_STATES.split(",")),
    frozenset(_PEOPLES.split(",")),
    frozenset(_CURRENCIES.split(",")),
    *(frozenset(scale) for scale in SCALES),
)


@cache
def _all() -> frozenset[str]:
    return frozenset().union(*KINDS)


def both_said(value: str, other: str) -> bool:
    """Whether what differs between two values is, in both, a word of one kind: neither is a slip for the other.

    Example:
        >>> both_said("Iran", "IRAQ"), both_said("Republic of Niger", "Republic of Nigeria"), both_said("Itay", "Italy")
        (True, True, False)
    """
    a, b = value.casefold().split(), other.casefold().split()
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    pairs = ((value.strip().casefold(), other.strip().casefold()), (" ".join(a), " ".join(b)))
    return any(left != right and left in kind and right in kind for left, right in pairs for kind in KINDS)


def said(word: str) -> bool:
    """Whether a value is a word of some kind.

    Example:
        >>> said("Slovenia"), said("Slovemia")
        (True, False)
    """
    return word.strip().casefold() in _all()
