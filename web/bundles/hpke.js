import"./account.ad5cd0c9d0c931d7.js";var r=1;export{r as SUITE};
