// Made by tools/words.py from ephemeral/protocol/words.txt: change that, then run `make vendor`.
// EFF large word list, by the Electronic Frontier Foundation, CC BY 3.0 US
// (https://creativecommons.org/licenses/by/3.0/us/); words and order unchanged, dice numbers left
// out. How the 7,776 words are coded is told there.

const LETTERS = "\n-abcdefghijklmnopqrstuvwxyz";
const PLACES = 2 ** 20;

const CODED = `
/vMUTkqc+zX5JYfaZNCmJ/MlTIYkI1PO7p4KY+4m3UB+s/456MjJ+JzUTJfNK7Ua6gKMYsNvfvHrK+IKMEVKuAbeHv89aYe65/fsvC+/CMI+aFU7gdaOWHe6bi7zvwcreCPzujK1jt04EPio+IJZz37mvIFBG6Ce2jHXsQkDrp9XBKy2PA1KXP7lRKsesT9XCxAnLfAv/z0S7YrYs/pTEHVe79KzIPoeh1qKKI2990ZXZXKiQTrh7gi8n9JGkOQfsek08Two1n17R4sYa/DS3d8YDy6kmGHLdu4ymRhE8f/sTcKOH66aDS1spL/tr/KFtMnQYirma/xLy0KnOmWo/fdboPjokO7u7ZFtfPfq3f0V/LuaDoF3Rklx1Hb2U+gSwrMQU7i0mrFvl2eYZv+pC7eQRdmlrCQfUHuJRWc70a1rLyfyuVTnJ0p0xrOPT/VTfu3yXT93shY776G+nDYs3S3wVqfKQ4eUWJZuPDYSnpPjHF1MkQH/eK4ljGGbCLiCrUylyaawwP/AOEAJgOo3OQa6gBusfk+3yuihamrkBGtmR5AAcZQJMmB/SOEp6ho/f0tCsIZsHkbjCEcKF1/kJ89Xgcx7Vx68TyTOeCKXw9CJ8vEKwUgxv1/fRjsQkmlcNU59fKEPgfFozz8k4VsdViV99k+ME06nfvQFNsD5aJ8drvW/y9WFXyxOMkNJmAdOFGecfZvhhEwF9dbD5hSKwWEqMvtT4DL81PSJM/N+27yi9vSlx2s5bQai+2wV8C53SDa5mA+rYRDO5640e6AtCR2+hY6OTvSwVpGPQLoEB2CIG+nnW8Acyv7bug6ikLYWOBTyAcoaWcqVtPBht2pZrwCIcEGjs+IIsSNXt0ryCQgZ0RdQE+VoxJo3+RLwU3ZKgnWd/RjXvKnlI5iS1xcEjZuQrQvOrflZz312YOfWI0ffad8iKX3Qumwhp/wC5MBQ0p6xfLrkwrdDNf/xY5FXOUsK63XwyX1G1xucgJGw
jBIY5IPGJrHHwMhA+14uGb0xM53wd0HNC3Pk9mzTmmC12tqy7ujH3XBukblfBRQ7yNUkGKknSlK2FVtPJ0eAtXa/c6XYYxXNPbyyNfxAF7EURaTi8Usmy2PUQR+qqWFluNrSTLN1xtMc404W9+kCZaXlT2EW0FS1KjDbidFNPF0+VHhdN4YG5MQ8j+e3Js06NgivSO9q9pH0HOZeZlKhhJ9XP9gis1DYjHe62sEUKloiRxHpPhnqe9Ux82ZfVUaK5BGzmzRDdUfzypxkRgk6Q9X2dpXHB5PSmKX8QoOf1uZOGEGS4X/9KuX7+sZLO4vQ3qS2jcEHtNVi133mjkAGO2fNEtyH/Vi7B7WDo2Dm+cwIUfKqb4Vdd+c9O27A+JMcJiu8R87LEE+xb7c4BjnbsQy4a3P4V5acKPw4i1ENUuqszMwBcQVNjxJg9tIUk5RNwzsO5AEenbnrAe4NIRupq3cFtpB60xy9sujFzUFdwKlA2Y3Kj0PXzLG/C7SdVFq9t1g1R1ehLcM7G8OO8ZkCs6lOUuWK8VcSvmf7gm7nZwVr4lq4wWxOUlYHgKAmng7QQes/tx/gkDPK2gaP3AHDBGNtnf5grwlfkjuFRrudk+/Cq1q1Trsv023l0VOOt37rnkEj5kMMyUJ5PlARk4Mz76x/OTkX3hpZll03xy1nNDtVMXsq9VSopAYwlCnHWPc1GvPu2LmGS8M70WflbFx3ZE7HP9PCiYcvA78Wr+RYSx6J2KSgkwpXqfD7/jNwKWDPFDTz+1sHpjdSLYPjkzMnLEkvXHE1oGHxXLCUVMGbyp2kgWDXILRMAP8LS1qj+Lo73N5ZDMwRPsC2Sl8FRzufQFJoPSCR7HRk4yx65a+8dehQSn9V7xQyOt9smN5hWWqnwhTjv6QgoCvp/t5CcBtCbB/outvObrcRs/5wenv8ZgESFepIUoPfb6fz6umpzc/3G8cohRVKRRfCES8BAOexuDaneEkF/wzP4dhIHN55
4AFMiAJ2qF0DUzV7g0MguvHJjKDa/fTmtsXYb0otp9B5GRO1JpEVySYE7glozUE+HjSE2XjUsmbdVHKBr4AoarnCsZbWXiH3hpJqPvot+KHeZyTmIuJVlTCq+dQJE9TjIYctbQcC7z/xP4k64y0CZzSKZIY2gB4eNXxcXmzgnZvDtcmybdLBRPm764lbC8xNztJAlUe6eIVhJAKt/Tf990y40kKxkWgwupWS7kw7yZXccthmHWwliiXXSi7KSLiXoq2he1cHHXZlQXIMeRvowbJ0uDZ9BSdo0ZVs0NYe7pN0zuYb7QbRFDvTfBjN+zOzii4MSRMSGWR6BBwWkqn0gqH+hXbz3nphKFi/MzG/xpJ5hLnzbDIy0tN3UmPQH02ANK8GeadUueslI/qBXJOSJP1a5D1CRUYKJWzvJ+Uc8Sgwal7QaWmnJmHy1aHObv9wGAx6sETnqo9HovM0gj2aI0FBtqd4fHrCELbgAydC9LYyMDDiUzD0h8wirnky9vmSBJpj+vnX8HSc3AdzcO/gkImdOJRx9i3HHaOm9Si3xbJRMIHSLeLwAyqhpizFpJkMZli3SRB6m0ZbsZo126lYJ6NVhKBvVKCc1s9cz7Vg9Nf+js0lvpLqn9e12nkqiFcn/NwWG3aGEeUFC4b0jtKUoRWi6MzAVAc2eW/SxkHUtAbdwniaOwmBhAD0oEXDWG/5FAp6BAi6Lz9/Cdzf4mziUsLLeBgQs6LjzUsh+OudPG6TskzFTVFrT9AQ37AMR7EoS1BNG8cKtpkcaeNtzYojZfaIkKIFuSNhQIiVE3mgzglF3zKKsuW3KPEu4s6IUL1hM3RnCc0ZraL78/rixuIDT4Z7CbRcepSBwuiAliikiFwHbemHRaD/+pheOhRD2HJ9UpGgYijmYKV42/EPjW2vC97M9p7REnQ2LmuZ++bc1JvGJfqaWVFYdN1jA0XnBLkeIHSZt3HoJ+yyJOb1kqWxwIc3Ph0k+OvtIE/5Vil1
C1pv50fLqPjdrBQj+t7p24dyDoSSU6wtpId3OyvhLIZYs2YZaURl+WaTW71nN7L8gcZ/wiGl16s4AzQXE/yK+6rxpIH1JcRL88+cHPN/2ZXDVqxnl5sKi5w+HqjmMQaW+IF0bKnjdjax0G6qjvSn9cnkDXpt7rfveY1hpNm9qPOWlGVITaexBsDW+ifmUDp8afc5SPAsX1QgWDZkzDd7uvfInFqqmRvGJshM+EAOi+05K2b5gxwQcUXux1k/HEZXyCmhLBtyOAuAbZLw2CabD1BnHjCzHXKpuz8P3WcTKMevaPM87djKPl3GLPf1kRqLCkqIgBFUjuF+bx2ordxy/O++3J1aX4C36t3iJ0qhjne/fcGcSx3AZlEhwpq1kl06jf1uS39UvJBv4vQW0Vao5cKtkwhJfH2E5njQ0e10iplNQtXj6S+lmqZI5n3wHV5RCRvQ1U26Bq/5yCMF2tJ0ZxldQ9v0waAiT3OTGhCtNPj0Ze6auENX4HrB4Od/aX6RNWiLtHc2MibyX0j30rUJEY2HU2IhBskTNP5xYqcA1PzUI28aswgmXGz6l5/9+9udxAEL5xVhB/7I4/TH22Ey8/g0HLxca1RYE78YNXTzOyDosw+vVauvw0jvWkxq7RAezX59mg067twt5D2to3q7HPf+XQaf8+X4A9Ua6/9ukDdI7aUp4fLrC0q2SDQOrmahHG2ZRBfNui8uMw3z0+2WbPT8xrrLNv6MWS4QIBXm4uGW6nLwerUX34K15YJS+Rdx3+56rrfFM53+zwGc/hT3ZlgkIIrFb9xnx/NMhEB68OwaSxS5xVMGebHvekuGqAhhlPN9G3PzE/8mObdn/6/eo5r+ydfyjtpvKFd86sJpd9tCS/gfrhyc2re/9dGF/WUcBZPzDEU0hLVaUsyhwaxSW6tXK0g5T0llXdLdxccmB7F2qpy0kBcG7B291UzgIOy68CrWD35htwgw6/+Bph4ppTmo+pngV6qSkIIu9Vti
Jygh9go/KXqb8IWkA4Gcrk6l28id9xoxUYCLWbPxWk5CDzIpov3Xe3b1Ojq9LEN+hB4wUIWzUmphMnWCqHi4iGf3KSXnLEn+0v9Q6Ds2D4l1ml1SmjOLfjKCQplMEQ7LR80UzcAb4yQ+mD4lKcOySaY08ZIU/+FvVbVbZBTS0JXHDVvjzwOng8jwrDoiZ87z3T3IJPXcyBAzjOLwYIZ5X4iD94nv/7jgyaqc1sG3sX+U8MxFuVB1ftlj5D+/IlSsbKI15wwZcrG4xc27dPa7zqBUqMuTHP3vTvpEXF5McE8K4V4wotjLYebQtPSNjyQtVIjvWpX2yR4lYTt5/vbZBMn1XkcRvuBEXWWx9B8BLCaxsov+uaVlTH6o0rcM8l7QRqL0j4EO9oWgOoYSxcAKj6iBJJUWRCiIWB2EQCELBH7L970ajcilzmH1JG+ICoTn14zjcCYDbuv5yHE+J/+cuJGkMUuzn5vo5vNa7wpo3I3WpaFwJTJWLmKYYb9D8BI7vI/HwcwxLJ0irLcMtQmceZEpAdi1N9W1cexMl8D/sKj6iEFEA3T3UN0QL5+fXYkDcnMMqdm+o65L9OsEwfUac8y/xqjy6e4iyKNLJ0AzrzrkzL+GyAdN3dsqMjFPg52aYuhbPoGRF55XzkUVUh/PMtMPlDTnvuxAzt7slNfLRLMK1ougMaRcK26lews4QCIR5ViCZYoOeWRsxRse1+kdPCH54vLXx0F95XCWbUH57zpyn9yd8ybOUJZ7/oVWfosNT7LIHA+2dx470BAcAyXEop2uETpgwsTQeYJ0kQhvfbVHQYZ7wewJPEbCH6lDoCDRwKPkqhCgCSdHn1h+idkZscIiniXkiwooWWkHVWW6+UJ3h0UtvduGy8VLaKZxRMTHOsOrS/vf2dOLftxQsnWElDLC78fagpAVEt613qN6TrnGWMciFZ3Idpd+ISEOmsTT4ngMZQQXLN5Z5OLJIMATaipbVN3tVBx6zfmwgORl
Hi40Ho7Q5qQXHZeQOflpUYQCC7OfhnMSs28xdkMSmv8+DxOnCp93rZK2pPphcOcGOAlt1wd6dLltYTeEGJrEvTozr4xJpf0o0AT6sbkohLlH+CfHfB2cjDEmIcv6osUsHFGcmaNt7uk7XVnUfhT/yxNDp+u2zTEBx2kGxEizF7mhAuKIsgsElzjaC5bMt/gLzjV6r4DON7CeUedR4Bvv/gcFd4d3WKPKyu4QLj5AeD2sPuhD1/EOWIKFJlL3aBH3uve0HE4n+0P56bSM+g3k0eOGNtRQkShRmQG6ZTQs7br24597mEsGgPxC32caOvccOHY26d7+vQa0RSaw+b6+FGIKitSJ2vajtR55TXuKibad2xOHDnFURnpNfnY4GlvhcXvZzN2ObM86wHQZqPMfdmdTIoVKF0rSPAR4SqcUOpcU0pN3nNc06Y1MaposvVd2pTXAHqeLHMGBllUSL+YmJxyP6OLJgYHBExX1jpbw8RmHg3Ebp+esDXGJSY6JEomHPaltR17/bXXTj/Jm/fA0GMhGbBxaWFDp6oUr+M8PjQ3YSOSO5KrGt41uQNUOmg4fzBM50p1IGQpDfgge3zD9TYd13SzIC8fFHLUAjd6hYzI+K/4eD+SHDauW5ct9KK4YnVwLOxtV2uOxk5QBSWri7Gywv80D6bC8EfDYO+0UN/wmzwH/nx/4b8/XPz/gwYTCbSay69cvnimmZosSA2Ck2lJQej2c3+uGhkKxIIj+MNPOd+qvJt+hBEPwEbBWl1UIS2+IhlzoJi51hakZLihoqfPeRbVZWEojNaJdgUirxi3q66TASQRQrtp3ZFHZ9gXJEuEdn9YBXELgl5h9u/Xca1OgBypYbZ9INxdhU95B2Qa06gIe4apcPNiKdhv17yEK36Z6TvmVB7Fbzef/d04322GrwIa3I/amYoXSWzSTzfOTbsPtCGoTVv7ToFKwwXhAcsHqwU7dQL+LqDAcuViLhfnTePdf17gh/4bB6eMG
1tohNfoVTDsyqqMI2WTHF1xi1Ck+L0Tyvf3Ng19J/9bkcGu2teMqy/olQ2u8Yo24oagsM7BaMhEZdbfAM8ZjRedxB8i93ij8k5vM4f3x8Vq4YYNqERz2Dh78kfBrjZcSmSFWRcA0uIf4GmNEmpNA8nBfF4PnkyhJaPzOVjmSpN4VtvUB7DHgeH21LcMWM/hocMscMwOtd5b+nlFoanuskbFQVTHmdKowPUsvo4UcFD3swnraWUCNHeHVcUBPps468R2t2ZZtm+LBJYaYx770F+Af/HUQnXBnZHSJraIydxXyDmXEsy9iWFq37udsjEE8EhVNHxZo1vZYceT/bsTXRbADQR5qoeBe0bX0c56FGKOYdaOHnh/GisNqhrFuMnWH/ZvlsfDIe4ucSzCoalCqEQkvM9XHy5LSO0py90QidDbAiC/uEep1KaUXjxLqp++ouEPP12BZc+zpEPq3+9HGw2SxAubZ9zbFmqZtYqzlS92HXpBoEZPYRLYfC3ZmN6BXISgd3J96eclDdog0niO5aidu6joYZ747fcVBr/p7vBL65FGyqafBJPNxDvkja1DTr7VoVvIqMXWXPfbfJmuhQ4vE2fFNCFDqENkM3fwvH8C1S5drhE9fvZXL+KQ3fJE3yQ7gwNCdtJ9MgnUoMAD928Xm8H7GvhSZxr2CKzwxpkzb8Q09YxCOK4cLV6/Ygc2pEELk6pZdQ+jhENlTttvF6vTzNqgS3VJQGdUvQazpEP/5CbGdbcDjM/cZsBl0pd9dv7/QrBBt4GgSO2fbYGJT14aIFRdNSWQ7bmALmrLUbWeI6Df6NsIAq99EEZ/E6Q6/+gegra7OCUW25rLQBnxJHmrdi+RtJKu/cOMfTbwnoUBbZ/EfSa2Nx8AXhBmRfBgSmpW+5+U4YY2kMKq6kzgSFjkgUfOWISL9MkQnCQQCxYijYTjNQvl0CUtJ7d1m5Uuz6MAaIkwSrUqNdme0crWCQlpJebHh+NAyCA5/pPyE
YomY8tslU9oFI6P4jVucDsou2C8yCTfQ0rCVqAjniWJt1N7PBiM10ZKgGqZr8Cz3oS8Afk1VvjqpP3LXzFLwIpGAvB9NP9pVG8wJ986jFFSb52/Mw6ztz3D2xUvpRRqRLXCHqwte78IwPjTRcZ54VBqk6tl4T8+PIEk7klqGW2DcuFifiRKC9MBiS0SFSsdcZrS35utVr7xOcShDi9qNsV5MOKHScWgMoXo/Rrl7CtH8VajPc++hkRpG56luAJC6LNoGAnt+wfqsALlyjBU5VvJRNh59IxE8Ba6rZH+slpw4vsRxPNsx+MW4i/7RL7MtGUghCfhW7sgmnuIvmmE9WIaHp8a+UfbEj/Hi2vZBFmbSxKLB6wDwoiUQrqV9oyHjwPL1cQG4fRc0uCNRcj9ljw/+e9b0H4LzFtn+lARPsmyr4O1R68ubJHMfNZfJJxS5wPe1LcP0yZiCt+vn0tbnG69nb9cbjIrnqr/MB/4/ThQ4EOTrD0dMypsu9mhN4xdwTRmut59TJauC6lQBjoXj15d9Lf9/fkPRye9/8c+F+Ny71K5twu5h1iwagyJhmEMiiNdicjlrSEJc/vYtlAy0d8msNcctgbCq/HINHiYHzRBIQdtcW+kli4meD6XBQOBBBMjnzoKhgiyWsmagQtTrMo2LNU83sZKgXmUL6GrvwmVbg5ThSawxTSgxVPCgVsUThi0RNLTNJ1MzwhwftPj2/xKsosGHBKB++23LuEYoCgKUwbxeJidWVHxwMgfzoL/7DuhhG+5mviD90k8IFtuR/Fl1L7s0yUtJ9OnMdyHgvE7k+K30X9E8RZoZs7Nt+4ytvd2b+qX4f4jRIZBd+Piqn1S1YU94bSiNzM0DEKvUOHsmheAo9gNN49dCtBcXqNlYdpgRdDpHu/0pfnQraGSGzRfJAtBBjukPnzH/x48B8BKr/rEd4JBnHIAm4MZjhWvPpqxHnIlRHPg4k4BXJtpHytZVI0pvgdiAUTgH2hyX
bYdXmJITzOJvXIIcuvl/DEZuiL3wUS1DSSPV5uG0TtA2g1ByI21Il3ebO2LthAT9K5Yp+WDMA+bpuX0CaEga3MTh8HyFCrgRzA9miQYuyDJBp9juniMwjNHfLL8ojIGDrl3FB447i75XruFU/9AqFP5Os2+wu4w978HPArZr18UJU7Vm43On6YI5URkdV6Ji6bh89JPyug297fXAwte+SzCfs6+U7mQjoGPJgOFA8WbuGLtS80h2BFR3AvzwBkKIk9ZWyOBuQM5ucqhYAlWhtmXYKJ7/pmCIjA57kHoF9f/TScY0N3A318pukUaVlzOASdEewZKkEHs++EwX4SoTyoLdJ9TUfcB6T2YFdhIJB4V3e+bDSjhn2SJ3bNzHepBVIqsO541XZGkhaLTcoXEUT9qmnwhM+AhzacF4e5LaQvlrYV0/ApQn4ri+4kdDl0lb0ULH8cIq3EI51QTQw54McEnPrUd3gU7e0ifBR5xGf1fgYhMjjLdXbMUmyaN1RmD+VN1H7FP58JxmzpKcI1sC9LfzSVvXXQLN56pToV0edDNv3VISJdcRX/wn413zWbq8WDYN28Cuwfy6w3uIx6mk8Yp6mtKSnMm2bROGiEMDO3nf8JFQl4GnUC2NqqNFKJV3m5c7YxNBU0Ucn8yw10zPwPBged42CqChlSoYdkWNhZLYk0YFutci3rQ+v5+bZQ0nYL2EgIA/8VTZNHVLEB63i69W/2PPezLiMFIfcoX7e4E/cMEUAbqrWgcb+rrM4L5YJUOuMxzE7MKWj7MVJ/oWgXrl5Uznksb9wDAq6in/6P/XHU1jo71GitKHpdSQpedYR+orQ9ckGWEjgCgn9BcnrWOzPkKnnT/vOdq7JdQV4rNL+oTLEOz6dwVpJnFQILjClcwQrGDFuN1kJ/3mOUVsF1c5RP4nQvIn7v4mmSW1iry9emFMkXHT6MfUsl2K5BCA5xfFVvBbhxLc/o6Jkq2QgQoGTZk7lveEOpiszKRx
PiLEB08jJo5kU9KndT7TuPnR5elEfeh+4gdLVPmlINqDbvPYhwMR+ofeKR+D9M3Q7vHngbQXo+vR0HQ4ewQfidJq7H9T35ew2gvoaPWF1/7BBZRfZP7561M9e39qYU0BdKuyM9Ymn31KdiVWARYb14/JzV6C2TFzh6xmUxlnwglD2EZWNseE0ZWE3GqEmbVAgz5ytSkslDKFgW0RtNSYXThkmSu77GOEF/2oVly78fvpTz5f0Isgnrd3LPwBK5BhL7GVHLk9lKkurHhD0n7uLsyIYGpYLa8ElyWT5PqwQnS9UUG7XxNqZlCKXbfpzhcJd4MURTkke2glZFx0drViPiJ2XuP15aBFDaZUYKfFan57oxPypaz+Wv7nyf19TIuRX3iP9fmPp56JbzJ529Pu4dUEjV251evthG4Zy/PEOFiu57kblxBc2tGMhGop4HKOcSqfO+KasbEifvBFUvAnQ5QHLVjU4mGHQ7TbzrAEsR3n1bHfgxqQxXA0UTfVUbU94RvhQXj6+xgWkaFIYtK/dSK1fhGIQe4LG5GhsYqc43fi/0VGtR8HBBnScEPhxGezTqOrQMvDpxtaOe1TIL8gocoJjbcXFCwqMJSY0TLz9NzFvI+3DblrLezNcx2TuDPJZbpUQemRxjk0uyJoJB5JHira6z8DUGIoNQdmDJ04fqx2VN6KlJ+VAPGTLGoevkdVfEcjzXd3CYQFVD4KvjBrbetoSZ1Lj+lR6b/Co6IQcslz7PxiRUb7RQetRWE0ZFrduSXekYzR7uwELAbwWrZ8kUHzUVNiJrshDCpnRh71Kme9HP3A4hR5gqv+iW9+8ADmWoG7vFVcy8SZVVkU/zxrOSVxZCRcmphooDtguEjtTiivxWluLFWJKwUw0m1dnyUuHifnH9DRoTYvkjRVMhDC9lPussreFJAw2eVPmWb3FO2V63Me/FPyxMXmZL9+HrghbLJ8Dk4lquLB1PBlkzguzewN4USs847CnOJ3X7gY
IBKuiqXJPM6HbDROzbSD5UaOdGFxrkGZxqpKLW/ZUP4CQCt6plfswn6Fxjsug18N00NQLlI1GawBsPgEUudh03iQKgEvWTDzNkHakvFAmMMq6SCNOQvciAPwp5E7stQIdP3MaULrKjU8sbCyVb7jPDNWXntz4VBVkddvqiOpf1B5aI9k/HbqZE5uvENMEjPYSxziPmu2ZLeP/6js6k7V2BL68ED0Z8TEFPijLQMW/FwIOVr2cPYenX2ln9Fkgcq4ZTl5d5OB+73GYVPQ7h2h9mDEvV9QDE4xoDAdZ+JmDUGiaUXvW6EHdqyzBeSKjAlASCUiOKu6PsAM6+3jdDgVkxwIPnlsFS8oAfhim0t9updYTh2k7cTV3fssWyTt6dgk9JwlV/vNoYSGMtbBjNlp4kaq3evWlb3FjnJwybzg/Nqo0HYQSutbgCDm795SKdryj4WDTDNapCttanWtUdOddjb/KOrIzmTF/teTRt3Ykq3MUyevo1+/0iBn5VA+Y/4i6HBUMfCbyfOr21Wln2lmEeCjbBbppXOwmlC3Xmw7YSQPhOx3yPzSky4pEmkl/Qw1ftfu897lPheh/rQ6uoSSqYWi6nq38EvrawTgWRJ7/DsdXxM3h17r6RquNHeHy2Xe9h4AEjq5ZsTaS2pIn1ub1OAfGA676A/Y+O4YDYmMAy1eZJYkgdaQq3odxEseFlTDxWQGYefwh4K1394rai7fM0zrMMva4KPk/u/8Mcz3vKNOvLjryH/5Ml5q203/6KHosncFgx0GgB/DsuvfjWqaXJhvW176TLtoE7bSU/8eEbOzPGnHsP4DkcWvAagfFrjqOCY3PP4+FuchDw16JaOtCeiJtubN2RVUOTpEm96M0LdJJg8bj7+n8iY5B+iW7P41+Ghj0kilhQ8F7+7EDeFO+bqh/G0j0KnOAHkcVtCeHI/dS2Jh9b4jjL1Smk657NDH/+BinzA2EeKrJapcdDAdGTICF4NRZFyGswYJkEwp
S9Kn+Q+N5KTizZOgR6Sk9uP/Wd0f3zcQgBasboZos0r1H/iHZv+fm458QAuy+SLr6nBZeeUkoI9XqratECRW9a9X9hSNJu2/l6puX1K8Oqz+Ux7txM1OvI9qzBCpqaZp2JGyBmuRRlz2ozkZcPOXLJaSDB7MFDpWhSowvy/EKpFX/GP0JEZUaHfmwRB24Nf8SlJ91Mk/sZWHj/JOzkNM+nPX8IxsV4wi3HeSuPlJgxE+9p9f4aNxvvB2J/fKcIZJ+uiavX+IQwCme4UKNEnHhFAiGc2ALAujBs+FAca4BGd2G2N7kETP0AHas/Um5IkD0iNxiu4lCygafMaecOXt5o4DTSgeYBJSL0CIDFG8WD6Qig9wyApt1L2+M3GMul0hEHMQCSwT0xvLqMhTBVoh0FW3yO73Rey6Ts8bxzdHWj5JVeqEZR+vcRYAWwGP29uXz0oYbdYYNz1ehkP42dyouozOX63wyH8p9PJntzQM9uMvpiF4rFgyl2Vxd8MWMWt4frXxNF/iEE4lX8EOC1R2g/8BhyXMQ3EvFXen12fdDsxYpeaoek6obrTapG1S6VCKn4wx9Nz1m/INB0H+BFsq4B3+6opCL3NMMwFrgePmWNc3u/SXkW1C78XMNGGn71aDod628AboNpchiLkjzpR1bvKVbxYph7b9V/9o+4yEDDjN46+VH6ukuNeCPTSeN02OF+p0UG0MwtLUl1I28hRCGcRu+y4EuZVzU89SvD0UnwPe57vdHfiKDIL7IlQ2Pel1dXDfLm8fD0+//f85ZdHw4foHW+k6ONPEOd6ETxA9aMye5vGWdooVZF01UFxicGQjXUbixJd3GbN5Ij6VedZIkMe6IznVVyLBCjLB/Z9QICzhZ/9btdC0No4XsS1+bEvSoC7uO2noXf6JPP/g6a4aad7GDT1gTzyifQtfnsDNSQ1YFk1Mn8qA5l4n/2zgJUqRucskVHD3pwYKX2TcbvS8aS2sZn+3kRlhTcMMaOc5
/CB7iIpEKQMLrK6D72mItc+t2mOAl/6tEG4OmCS9XuQYQl0mNvhDEPoqF1xUAk0/YF446clBaKaBFntmn4THhByBrlRPNdmFBI14HnJdArClkMlyoqnNUDXeqLybx3wF9pTpHFZ2m6CqjqfdEnxeMTZB06y8ejKRsHwC5R/VFj2Gwq/9MamdXGQZGrijwkjTdLxIVQ0smJXi1/EYJaX5f7Du/Xanh3e6+CQ1NE9e9gtE+pxswSxuDKI2XhrIvxxJoKHNw5NpMZKiz0lKAhY2WbweWB8crlpZ3IFZAYnoJg5V7NDSClmYCmY3j0WvAGF1Mzf3xrlzsOmbvgYC4ozKQ5A4alfL9mLb/uy1bvpS40I+wfNJcDEQNSz1yRgvY91R4/9PF1sH1njNM9bIoLbFDhWdpZE661lemoJUWb10/DLs2cJrrWmJpH4R27b8xsINqTjzrOvcEIAgNq05IDgd22vyuJPETIS8rfkXNZmDXGdDvXOe5SskZkmJEOHKZfPEbrPot9L87t8GHUEULv0eaEgDK8Xtei0gjob8yjGnuTSrIhIrAz3zjvI66X2PnwK2dv1VxkZMlzGHqjYCHOpEk4/r81BfYXs1Q8cIROVGCZwUgFVXb802l3v/Bv/EdxtCmWS91hqeltVt0hTg2IbN1w79/7+qMVAlrGzHFbF2efANypNdH+iE88IV5C4RpCcOqCSaC/YLGk4i8t1pn1TKLpx8VuQJUHo/oO/PoaV3/6+PSM/RXrtq9tX7M79gnc3ZgfPSfjFVmCvBJIWWW4iRpJnryAtffbKwhLbzBTewotpNPbAPdANko7z4w+7sFXz7vZPDk7reDgfVgrYXvszuYEj0DVP5MVE4lKC4Fd4zp5iYkbH7+vdpTcg1q6tdVJjW/AxSAP6GnKjxxFkL+BwClHuxOoejCM7xKDyDC1jf0VrCafKe2JmQvM6A9tE2QWFoNE10+7c5IqBONs+vxQJw/3Qv7BiNDNjN4hfPMUrh
3nXYCJ2RAy8yClGO0rKFPMrLmBeTIEhG1M5o+79bt5eglZFXHCudLG8z8YwpexLz3FSkp42fGWMDdzs0GOGyWJ/D5gtp3Wn0LLjRN8kvqwQ3PntwMB3CTGtJWSRwvLNDiv5j7DjSkpWyZ3RzIL16v8fhdPTKxwvvPgA7txP8ojXXij/PssSXK+XGG7dEYzVUoSwoafQ0bBhDa/zsTiaSJUdHIZyOcUrIYaC6xEQM4hes88jDt0NvAz+JafcSybjLzV08qx76S1kZbJIuOhW5H6kJIif+RGNAHP+4jmNk5wI98u2BX3Wkk75lYNMEGtji8VFwpglBf6+XTN8uLbrBNsqZf7enRwsRCsBIPYtqEoLoyBz1Z57QWlb9LC2CeVp5FLlY/BkXg18YGh3vJVao/0IiOO/AyCVUjbYPpkCnb9/i2VmAi11OsEeRMv6ryhh7SHVvm0VFBfSZgEqt5c9TsJzrDLYUDjbGH0eOnRnVgjcEl81wJgSn3g5xe2/fsxp9F5/u06WtrfcXTxuQO+jOS7y0QD0cFHJaH7ESpAciNv6iXXtU/TiI/5ykcPLaETE0o6HnczyhcV2V4igLhS+rkGTrYxDor7kHGjyCfEtpOkKSI4pMLCRHNHrABjab7khTi++y7KxVceuYo6aplTk6Dd02d3g24E/R6hB7hNWAqC/j2OH1Soa2eO1AHdZIUaKJTvzDNSsQ8YfFIeBHJpOak3Io17Hui/AoL1FCiWJWUzDAoSgwbPI/X2tLav9a6ibfTdzGR3/NVmGeZyf30aigrNKZqpX07ehJJEXvQOwOPP/nx4AnXh1E6JXMtupnZ4F4EzYXpZdkzvWGJw9y1D2goSVFrmmwUP1WcNQCq6LWVzWsFvaCcponi0LffjdOy1i8IZM6N1HiFiVXOg3sXsNPufNUV8qYczw7haErUg+Gd4cNtppf1qoCIYAE+kTGlUxz8Cnze62OtfjDaFwG6cHNh9fHYh8P+M9BEvIdq5rB
VTkqaU9CSLgNKCcNSRP+256mGDNT5wf95F19LBTR6fcjh01P/bh/S3bnkLtye5XKC0bWN1zdBI34dzgNPTTp6N/yBWeqoEJ4PG/es0YSWYsPQ7j/VOelKumXr3WMcQT3e/xMEprmc0cFu3AFD/gVD3SIhgpW39EoDqpfwv1IETOGDuoBPK85nMYDHoJNKSOTEfC5P9JXbSpL8kIx1y6nFmEDltAeoA3qzLqXSNhd5Qk1X16owPSxtgTgldYlGHqtUUKXK9rYcCoDchlEvSg3qbPX4wXMdfrQF/zsv93WEwLLuwNrDRtkINqfaWXHslXt5jis6ed2SMZMRRnNC/71HYzlztJ105s1VmGJA9P79nWG/ZlO5YnQfu78KMvakgrym1L6guIjJYdb7+fkqKdQH9TeNAqeVrRMTUH056WRdQjksZEsiBgWOGUTaa2hm8AWBfV0dy0L5usd/LekhkcnUk1LBdAq/5gYKLIMM24KhFFhsvfUPzT8ES/ail2sBaSvf44JjXG3yAYu+TbbAW8nKhInhaJW1HwrLPOhDK+uWb7TqOo7RQsaiI6XTeFu0zpd92Xfg5V3qaL/vGBlVNeepeqqY/YeE0NKzFmmexvEj4BsXBudN695L4iNLvIjv0yTh7gr81OJbGeNlmUCrLezzbTg/TSdFsxKbRIqu1hL3RxlKavjla+Kp9SLGZGqSVMZsRmx+DznHJPLgInfZ7N6tN/+ld2O+dqf2ir0//KOmhMrliHfxdMp66KeyF+PSoyAofAJGGlEH7VHqYlUr8JcUmjlK+VlIkbxKb8M8ITbXOHNpEIuzAloswvZQInJyGT9+4Y7cTpgmwO2/6Z7NAntPYvC4nATuIbyKlf36R0LbmspkS2+GovQku4NFPjZCH6e95lVTNWLqJ1d5MFUQktTgCYGCgV9ElnpiyzRDJGVBsLBY6rMtHnHS5+CukWlf4iob1iFdTKC2C+c+pqDTP6R/jpgG6z9PPa8tt2hRT1w
x2yljiTLzKowkrZIkzIZM+bByUIhR8eA4sm7KsaqZPbY+/SCtJPK54ETeJ2wLwUsGbNbjZAOzXjhG1Z264zxz0XOQ+BgFI42gVYMJIDlRq1Z/3VhcdYLsG0lpT3ruRuK6ftIEaOYXGe/zNnGU2bqSVq9Mjp9rOO4PRfaq0eBEf708aAC6IcGLDPOcymPwjOGqWThKT44FdV5bLPMN4S+lG62Y1BHEph/qvRGa4LMI5Ax+qwfdbWtNWDwZXcn1Qg6QLztwAlGYYxOxw6l/YK6iGU68DeQ8M7X4JAH4vdQ6pkPnJ2pACdt/eWWF+PWmyCOSuPiLmAkIAWgSrlZNCOfa29b4X70x3kw1HvxxdG63iVC/CsT1/mh+B8rsBLJHq4KEt00xE81b4B8bHUSUjw6QM/ssbg/lh9U83UR3rHJeoph25ATDsIrIosPkYFV4CJwgZOLNBsNokedVSPQQIXnRmYpXCuO8jNoQmfBJ05WCmxnqE/4Npgm4rN5jODPyblsXLdEuwYBkDwYoy1f0TJ5teP7g1YdEY91/Zc+1rDc/PY53ETygO1coVkFjK7xJXFquSgGX36AGuipLf6IVLmi4wPQ0735BrlHVk62Pk+ep2sq3fp/sBRIJyCtZWht+mvZbIGrqOzXVkcjyys2nNCiznL0KlXgZkBKTwxySAmzBAzKU8tq8Fcpw4EL1eygG9x/ktGra1Lca3LzmzJpHTTOxcPadrbFQmBKjSYG9dsGLefRP6AZRWsb36qYtoRWvMU7iqWx92yuxUPzTwHY9fu740gDX26BKjzYW1U6RECgiwqhqVn1sdjvJYj2nTglLbbCn2XoNghZfMNm6ieaNG21OxugLs9fv2TboCKEKD81ev+UkxYZJjZR4Ha5VmwQpOidz8/Z0oj6UG/wNi1d/WvJcXZTgKmiDt7q5a7oYq40viNpU5ZyCT1yxD+HHdtY8TqFwL5ByN7SEUOtdnq2hWg4XbNQ0ykw8MFQYj5zhol3
XCeH8mhVc3Q8KDRE78MhJk1NJSb4T+rmLGxELCR9140K+JtOrRg59W7xhzGsjFq43TW+4Hy4nJmscUK1rko0WaWjcvwX36MxXVSjD0KR4XZO1NX7sYGHbskJFSaUp6CZj8e089dQJyuhHFWP6UE3DUkY3xSz6Ik/JlXD3kwF5u6LmRt0JNQnHr1St9Igz6/TARLn9AdwQWerw0EWOouepO49Yw5UV2//LnKHDxIFyEr4H9MFbsJx6vqU9lThMnppTlzbO2YiGbY0Y8FNIE7wDT8WmF81/cg7ScRomOY24LblH6zmS532lJlHxt5xOT4G60o8E2+9Ci6hC6TWwFsuHflV8ZNXu89lWfkjT47noc64Foj3Ftsf8esUNAnKNztsjrkjIfzl0n5WFxHngWisJnt/kFaUWXqh+r55SGAjSl3/YYsuxK3/UuPkrivWEEiM7ONMmWVxbJdT9yQjucCBJgJQezSMOjH/hkbjU/mNaVzeA9RaaWw39UeN6YW/qvK8bUHmsMBu+MzXJntPtjBQRzi0v/EGA6PItDl1A+yGjGvW7Iap93S3/wzePDp1q7IJBUdgoXIWN5F/v9N+nmgx70P08/EzPsW2cRGruX82dPCGMQDMSPtGqvLKQVRzwIvFHuvbmgjDDYgQpF0/8ZM23w3jE+LvjXrzb5u5uAUXZ4HStQSqhv/zAVcucKn3cB3ch3p0dMMeQD/20Rz/xM96HrAuoyE/r34nJvErhR8Ix4/7wEWPKO4IKM5XnitMVj+n9RDoCgXA4JLDtg7URRYBZ8E=`;

export const WORDS = Object.freeze(decoded(atob(CODED)));

/** @param {string} coded  a byte each */
function decoded(coded) {
  const weights = new Float32Array(PLACES);
  const seen = new Uint8Array(PLACES);
  const rates = Array.from({ length: 256 }, (_, times) => 0.7 / (1 + 0.2 * times) + 0.02);
  const known = new Int32Array(7);
  const places = new Int32Array(7);
  let low = 0;
  let high = 2 ** 32 - 1;
  let value = 0;
  let at = 0;
  /** @param {number} number  @param {number} byte */
  const shift = (number, byte) => ((number << 8) | byte) >>> 0;
  const next = () => { value = shift(value, coded.charCodeAt(at)); at += 1; };
  for (let byte = 0; byte < 4; byte += 1) next();

  /** A bit, of which the first places have something to say. @param {number} count */
  function bit(count) {
    let sum = 0;
    for (let each = 0; each < count; each += 1) sum += weights[places[each]];
    // e to the power of -sum, nearly, but the same everywhere.
    let power = 1 - Math.max(-20, Math.min(20, sum)) / 1024;
    for (let times = 0; times < 10; times += 1) power *= power;
    const chance = 1 / (1 + power);
    const middle = low + Math.floor((high - low) / 65536) * Math.floor(65536 * chance);
    const found = value <= middle ? 1 : 0;
    if (found) high = middle;
    else low = middle + 1;
    for (; (low ^ high) >>> 24 === 0; next()) {
      low = shift(low, 0);
      high = shift(high, 255);
    }
    for (let each = 0; each < count; each += 1) {
      const place = places[each];
      weights[place] += (found - chance) * rates[seen[place]];
      if (seen[place] < 255) seen[place] += 1;
    }
    return found;
  }

  /**
   * A number of so many bits, of which the first that are known may tell something.
   * @param {number} bits  @param {number} count
   */
  function number(bits, count) {
    let node = 1;
    while (node < 2 ** bits) {
      for (let each = 0; each < count; each += 1) places[each] = mixed(known[each], node) >>> 12;
      node = 2 * node + bit(count);
    }
    return node - 2 ** bits;
  }

  /**
   * What is known by the end of a text: by no letter, by the last, by the last two, and so on.
   * @param {string} text  @param {number} count  @param {number} seed
   */
  function endings(text, count, seed) {
    let hash = seed;
    for (let each = 0; each < count; each += 1) {
      known[each] = mixed(hash, each);
      hash = mixed(hash, text.charCodeAt(text.length - 1 - each));
    }
  }

  let word = "";
  return Array.from({ length: 7776 }, () => {
    const before = word;
    endings(before, 4, 1);
    known[4] = mixed(before.length, 2);
    word = before.slice(0, before.length - number(4, 5));
    for (let old = before.charCodeAt(word.length) | 0; ; old = 3) {
      endings(word, 5, old);
      known[5] = mixed(word.length, old);
      known[6] = mixed(known[5], word.charCodeAt(word.length - 1));
      const letter = LETTERS[number(5, 7)];
      if (letter === "\n") return word;
      word += letter;
    }
  });
}

/**
 * Two numbers as one, mostly another than of any others. What is no number counts as 0.
 * @param {number} one  @param {number} other
 */
function mixed(one, other) {
  const both = one ^ Math.imul((other | 0) + 1, 0x9e3779b1);
  return Math.imul(both ^ (both >>> 15), 0x85ebca6b);
}
